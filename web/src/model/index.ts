/** What media and platform implement, and what they may borrow. */
export { backoffMs } from "./backoff.js";
export { DONE, failed, problem, succeeded, type LocalCode, type Outcome, type Problem } from "./outcome.js";
export type * from "./ports.js";
export { Cell, changesOf, Disposables, Emitter, type Happenings, type Readable, type Stop } from "./store.js";
export { every, type Chance, type Clock, type Scheduler } from "./time.js";
export { MUSIC_BPS, SPEECH_BPS, Uplink } from "./uplink.js";
