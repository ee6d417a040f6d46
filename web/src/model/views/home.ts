import type { SpaceCard } from "../../protocol/index.js";
import type { Problem } from "../outcome.js";
import type { Readable } from "../store.js";

export interface HomeState {
  /** `loading` only the first time; `stale` shows what is known while the server cannot be reached. */
  readonly name: "loading" | "ready" | "stale" | "failed";
  readonly live: readonly SpaceCard[];
  /** Soonest first. */
  readonly scheduled: readonly SpaceCard[];
  readonly problem: Problem | null;
}

/** What is live and what starts soon; keeps itself fresh between `open` and `close`. */
export interface Home {
  readonly state: Readable<HomeState>;
  open(): void;
  close(): void;
}
