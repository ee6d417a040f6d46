import { describe, expect, it } from "vitest";
import { english, type Catalogue } from "./en.js";
import { formatsFor } from "./formats.js";
import { italian } from "./it.js";
import { REFUSAL_CODES } from "./refusals.js";

const documented = Object.values(import.meta.glob<string>("../../../docs/errors.md", { query: "?raw", import: "default", eager: true })).join("\n");
const languages: Readonly<Record<string, Catalogue>> = { en: english(formatsFor("en-GB")), it: italian(formatsFor("it")) };

/** Every sentence of a catalogue; those with gaps are filled with a name and a number. */
function sentences(part: unknown, path = ""): readonly (readonly [string, string])[] {
  if (typeof part === "string") return [[path, part]];
  if (typeof part === "function") return filled(part as (...given: unknown[]) => unknown).map((text) => [path, text] as const);
  if (typeof part === "object" && part !== null) return Object.entries(part).flatMap(([key, value]) => sentences(value, `${path}.${key}`));
  return [];
}

/** A sentence takes a number, names or a list of names; what does not fit its gaps is no sentence. */
function filled(message: (...given: unknown[]) => unknown): readonly string[] {
  const gaps = [["Ann", "Ben", 2], [["Ann"]], ...[0, 1, 2, 1284].map((n) => [n, n])];
  return gaps.flatMap((given) => {
    try {
      const text = message(...given);
      return typeof text === "string" ? [text] : [];
    } catch {
      return [];
    }
  });
}

describe.each(Object.entries(languages))("in %s", (_, catalogue) => {
  it("every refusal has a sentence", () => {
    for (const code of REFUSAL_CODES) expect(catalogue.refusals[code].length).toBeGreaterThan(8);
  });

  it("nothing is shouted, and nothing is empty", () => {
    for (const [path, text] of sentences(catalogue)) {
      expect(text, path).not.toMatch(/!|\[object/u);
      expect(text.trim(), path).not.toBe("");
    }
  });

  it("apostrophes are set as print does", () => {
    for (const [path, text] of sentences(catalogue)) expect(text, path).not.toContain("'");
  });
});

describe("the codes", () => {
  it("are those of docs/errors.md", () => {
    const codes = [...documented.matchAll(/^\| `(\w+)` \| \d/gmu)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !(REFUSAL_CODES as readonly string[]).includes(code ?? ""))).toEqual([]);
  });
});

describe("plurals and numbers", () => {
  it("follow the language", () => {
    expect(languages["en"]?.space.listen(1)).toBe("1 listens");
    expect(languages["en"]?.space.listen(1284)).toBe("1,284 listen");
    expect(languages["it"]?.space.hands(1)).toBe("1 mano alzata");
    expect(languages["it"]?.space.hands(3)).toBe("3 mani alzate");
  });
});

describe("times", () => {
  const f = formatsFor("en-GB");

  it("count minutes up close, and name the day further away", () => {
    const now = new Date(2026, 10, 20, 18, 0);
    expect(f.nearness(new Date(2026, 10, 20, 18, 25), now)).toBe("in 25 min");
    expect(f.nearness(new Date(2026, 10, 20, 21, 0), now)).toBe("today");
    expect(f.nearness(new Date(2026, 10, 21, 9, 0), now)).toBe("tomorrow");
    expect(f.nearness(new Date(2026, 10, 24, 9, 0), now)).toMatch(/Tuesday/u);
  });

  it("tell how long something has gone on", () => {
    expect(f.duration(20_000)).toBe("1 minute");
    expect(f.duration(65 * 60_000)).toBe("1 hour and 5 minutes");
    expect(f.elapsed(42 * 60_000 + 10_000)).toBe("42:10");
    expect(f.elapsed(3_738_000)).toBe("1:02:18");
  });
});
