import type { Chance } from "./time.js";

const FIRST_MS = 250;
/** Quick while a restart is the likeliest reason, so that the sound is back within seconds. */
const EARLY_MOST_MS = 700;
const EARLY_TRIES = 20;
const LATE_MOST_MS = 10_000;

/** Milliseconds to wait before try number *tries* (from 0), spread by half either way so that a crowd does not return at once. */
export function backoffMs(tries: number, chance: Chance): number {
  const most = tries < EARLY_TRIES ? EARLY_MOST_MS : LATE_MOST_MS;
  return Math.min(most, FIRST_MS * 2 ** Math.min(tries, 10)) * (0.5 + chance());
}
