import type { Stop } from "./store.js";

/** What time it is; handed in, so that tests own it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** Later; handed in, so that tests own it. */
export interface Scheduler {
  /** Run once after *ms* milliseconds, unless stopped. */
  after(ms: number, run: () => void): Stop;
}

/** A number from 0 to just under 1. */
export type Chance = () => number;

/** Run again and again, *ms* after the last run ended. */
export function every(scheduler: Scheduler, ms: number, run: () => void): Stop {
  let stop = scheduler.after(ms, tick);
  let stopped = false;
  function tick(): void {
    run();
    if (!stopped) stop = scheduler.after(ms, tick);
  }
  return () => {
    stopped = true;
    stop();
  };
}
