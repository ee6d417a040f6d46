import type { Levels } from "./ports.js";
import { Cell } from "./store.js";
import type { Clock } from "./time.js";

/** Quieter than this is breath and room, not speech. */
export const SPEECH_FROM = 0.12;
/** The picture in the dock does not jump at every pause for breath. */
const HOLD_MS = 1_500;
/** Levels come about ten times a second; a longer gap was silence. */
const LONGEST_STEP_MS = 300;

/** What is heard just now, my own voice included, who dominates, and who has talked how long. */
export class Hearing {
  readonly levels = new Cell<Levels>(new Map());
  readonly dominant = new Cell<number | null>(null);
  readonly #dominance: Dominance;
  readonly #talk: TalkTime;

  constructor(clock: Clock) {
    this.#dominance = new Dominance(clock);
    this.#talk = new TalkTime(clock);
  }

  /** *mine* is my own voice number while I am heard, at *myLevel*. */
  hear(others: Levels, mine: number | null, myLevel: number): void {
    const levels = mine === null ? others : new Map([...others, [mine, myLevel]]);
    this.#talk.hear(levels);
    this.levels.set(levels);
    this.dominant.set(this.#dominance.hear(levels));
  }

  talkedSeconds(voice: number): number {
    return this.#talk.seconds(voice);
  }
}

/** Who is heard most: changes at once out of silence, and only after a hold between two who speak. */
export class Dominance {
  #voice: number | null = null;
  #heardAt = 0;

  constructor(private readonly clock: Clock) {}

  /** The dominant voice after *levels*; null once nobody has spoken for the hold. */
  hear(levels: Levels): number | null {
    const now = this.clock.now();
    if (this.#voice !== null && (levels.get(this.#voice) ?? 0) >= SPEECH_FROM) this.#heardAt = now;
    if (this.#voice === null || now - this.#heardAt >= HOLD_MS) {
      this.#voice = loudest(levels);
      this.#heardAt = now;
    }
    return this.#voice;
  }
}

/** How long each voice has been heard. */
export class TalkTime {
  readonly #ms = new Map<number, number>();
  #last: { readonly at: number; readonly levels: Levels } | null = null;

  constructor(private readonly clock: Clock) {}

  hear(levels: Levels): void {
    const at = this.clock.now();
    if (this.#last !== null) {
      const step = Math.min(at - this.#last.at, LONGEST_STEP_MS);
      for (const [voice, level] of this.#last.levels) {
        if (level >= SPEECH_FROM) this.#ms.set(voice, (this.#ms.get(voice) ?? 0) + step);
      }
    }
    this.#last = { at, levels };
  }

  seconds(voice: number): number {
    return (this.#ms.get(voice) ?? 0) / 1000;
  }
}

function loudest(levels: Levels): number | null {
  let best: number | null = null;
  let most = SPEECH_FROM;
  for (const [voice, level] of levels) {
    if (level >= most) [best, most] = [voice, level];
  }
  return best;
}
