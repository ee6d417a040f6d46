import type { Loudness } from "./ports.js";

/** What every voice is brought to, in dBov: as loud as speech mostly is that a browser sends. */
export const TARGET_DBOV = -24;
export const MOST_CUT_DB = 12;
export const MOST_LIFT_DB = 9;
/** While a voice sounds, its gain moves by so many dB a second: too slowly to be heard as pumping. */
const DB_A_SECOND = 3;
/** After a pause of so long nobody hears that a voice goes on with another gain. */
const PAUSE_MS = 1_500;
/** Frames of speech are 12 dB below their peaks: one that is lifted above this would clip. */
const LOUDEST_LIFTED_DBOV = -12;

/** The dB that bring a voice of this loudness to the common one. */
export function evenGain(dbov: number | undefined): number {
  return Math.min(MOST_LIFT_DB, Math.max(-MOST_CUT_DB, TARGET_DBOV - (dbov ?? TARGET_DBOV)));
}

export function amplitude(db: number): number {
  return 10 ** (db / 20);
}

/** The gain of each voice, which follows its loudness slowly, and gives way at once to a shout. */
export class Evenness {
  loudness: Loudness = new Map();
  readonly #heard = new Map<number, { readonly db: number; readonly at: number }>();

  /** Whether any voice needs a gain. */
  get isNeeded(): boolean {
    return [...this.loudness.values()].some((dbov) => evenGain(dbov) !== 0);
  }

  /** The dB for *voice*, of which a frame of *dbov* sounds at *now* (ms); null where its level is not known. */
  gain(voice: number, dbov: number | null, now: number): number {
    const goal = evenGain(this.loudness.get(voice));
    const before = this.#heard.get(voice);
    const isNew = before === undefined || now - before.at > PAUSE_MS;
    const step = isNew ? Infinity : ((now - before.at) / 1000) * DB_A_SECOND;
    const from = before?.db ?? goal;
    const slow = goal > from ? Math.min(goal, from + step) : Math.max(goal, from - step);
    const db = dbov === null ? slow : Math.min(slow, Math.max(0, LOUDEST_LIFTED_DBOV - dbov));
    this.#heard.set(voice, { db, at: now });
    return db;
  }
}
