import type { Api } from "./ports.js";
import { Cell, changesOf, type Readable, type Stop } from "./store.js";
import type { Scheduler } from "./time.js";
import type { Home, HomeState } from "./views/home.js";

export const REFRESH_EVERY_MS = 8_000;

export interface HomeParts {
  readonly api: Pick<Api, "spaces">;
  readonly scheduler: Scheduler;
  readonly visible: Readable<boolean>;
}

/** Looks at both lists again and again while it is open and seen. */
export class HomeLists implements Home {
  readonly state = new Cell<HomeState>({ name: "loading", live: [], scheduled: [], problem: null });
  #stopTimer: Stop = () => undefined;
  #stopWatching: Stop = () => undefined;
  #looks = 0;

  constructor(private readonly parts: HomeParts) {}

  open(): void {
    this.close();
    void this.#look();
    this.#stopWatching = changesOf(this.parts.visible, (visible) => visible && void this.#look());
  }

  close(): void {
    this.#looks += 1;
    this.#stopTimer();
    this.#stopWatching();
  }

  async #look(): Promise<void> {
    this.#stopTimer();
    this.#looks += 1;
    const look = this.#looks;
    const [live, scheduled] = await Promise.all([this.parts.api.spaces("live"), this.parts.api.spaces("scheduled")]);
    if (look !== this.#looks) return;
    if (live.ok && scheduled.ok) {
      this.state.set({ name: "ready", live: live.value, scheduled: soonestFirst(scheduled.value), problem: null });
    } else {
      const problem = live.ok ? (scheduled.ok ? null : scheduled.problem) : live.problem;
      const known = this.state.value.name === "ready" || this.state.value.name === "stale";
      this.state.update((state) => ({ ...state, name: known ? "stale" : "failed", problem }));
    }
    this.#stopTimer = this.parts.scheduler.after(REFRESH_EVERY_MS, () => {
      if (this.parts.visible.value) void this.#look();
    });
  }
}

function soonestFirst<T extends { readonly scheduled_start: string | null }>(spaces: readonly T[]): readonly T[] {
  return [...spaces].sort((one, other) => Date.parse(one.scheduled_start ?? "") - Date.parse(other.scheduled_start ?? ""));
}
