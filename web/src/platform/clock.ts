import type { Clock, Scheduler } from "../model/index.js";

export const browserClock: Clock = { now: () => Date.now() };

export const browserScheduler: Scheduler = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
