/** How a person looks before there are photographs: a hue of their own, and initials or a drawn portrait. */

import people from "./portraits/people.svg?url&no-inline";

/** What a portrait needs to know of a person. */
export interface Pictured {
  readonly id: string;
  readonly name: string;
  readonly handle?: string | null;
  readonly bot?: boolean;
}

export type Hue = 1 | 2 | 3 | 4 | 5 | 6;

const HUES = 6;

/** The demo's people have drawn faces; nobody real wears one unasked. */
const DRAWN: ReadonlySet<string> = new Set([
  "alasdair", "amara", "chiara", "elsa", "ines", "kofi", "leila", "lucia",
  "maria", "matteo", "nino", "nora", "ola", "robert", "sam", "yuki",
]);

/** The same hue for the same person, on every screen and every day. */
export function hueOf(person: Pictured): Hue {
  return ((spread(person.id) % HUES) + 1) as Hue;
}

/** At most two letters: the first of the first and of the last word that has one. */
export function initialsOf(person: Pictured): string {
  const words = person.name.split(/\s+/u).map(firstLetter).filter((letter) => letter !== "");
  const first = words[0];
  if (first === undefined) return "·";
  const last = words[words.length - 1];
  return words.length > 1 && last !== undefined ? first + last : first;
}

/** Address of the drawn portrait of one of the demo's people, or null where initials stand. */
export function drawingOf(person: Pictured): string | null {
  const handle = person.handle ?? "";
  return person.bot === true && DRAWN.has(handle) ? `${people}#${handle}` : null;
}

function firstLetter(word: string): string {
  return (/[\p{L}\p{N}]/u.exec(word)?.[0] ?? "").toUpperCase();
}

/** FNV-1a over the characters: spreads neighbouring ids over all hues. */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash ^= character.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
