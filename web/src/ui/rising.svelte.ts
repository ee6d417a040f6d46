/** Reactions on their way up: a few seconds of life each, never more than the eye can follow. */

import type { Reaction } from "../protocol/index.js";

export interface Rising {
  readonly key: number;
  readonly emoji: string;
  /** Whose circle it leaves, or null where they are not to be seen. */
  readonly from: string | null;
  /** Where it leaves when it is nobody's, 0 to 1 across the square. */
  readonly x: number;
  readonly sway: number;
}

const MOST = 24;
const LIFE_MS = 1700;

/** What rises just now; `take` adds what a pulse has brought. */
export class RisingReactions {
  now: readonly Rising[] = $state.raw([]);
  #next = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  take(pulse: readonly Reaction[], seen: ReadonlySet<string>): void {
    const fresh = pulse.flatMap((reaction) => this.#of(reaction, seen)).slice(0, MOST);
    if (fresh.length === 0) return;
    this.now = [...this.now, ...fresh].slice(-MOST);
    const keys = new Set(fresh.map((one) => one.key));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.now = this.now.filter((one) => !keys.has(one.key));
    }, LIFE_MS);
    this.#timers.add(timer);
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.now = [];
  }

  #of(reaction: Reaction, seen: ReadonlySet<string>): readonly Rising[] {
    const people = reaction.people ?? [];
    const many = Math.min(reaction.count, Math.max(people.length, 6));
    return Array.from({ length: many }, (_, index) => {
      const key = this.#next++;
      const person = people[index];
      // Golden-ratio steps spread what has no circle evenly over the square.
      return { key, emoji: reaction.emoji, from: person !== undefined && seen.has(person) ? person : null, x: 0.06 + ((key * 0.618) % 1) * 0.86, sway: ((key * 7) % 25) - 12 };
    });
  }
}
