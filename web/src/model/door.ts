import type { SpacePage } from "../protocol/index.js";
import type { Problem } from "./outcome.js";
import type { Api } from "./ports.js";
import { Cell, type Readable, type Stop } from "./store.js";
import type { Scheduler } from "./time.js";

export const LOOK_EVERY_MS = 5_000;
/** Somebody who waits for the start should not wait for us. */
export const WAIT_EVERY_MS = 2_000;
/** A full server has enough to do: those who wait for room look seldom. */
export const FULL_EVERY_MS = 20_000;

/** What can be seen of a space from outside; looks again and again between `open` or `follow` and `close`. */
export class Door {
  readonly page = new Cell<SpacePage | null>(null);
  /** Why the space may not be seen; null while it may, or while nobody knows. */
  readonly refusal = new Cell<Problem | null>(null);

  #stop: Stop = () => undefined;
  #opened = 0;
  #every = LOOK_EVERY_MS;

  constructor(
    private readonly spaceId: string,
    private readonly parts: { readonly api: Pick<Api, "space">; readonly scheduler: Scheduler; readonly visible: Readable<boolean> },
  ) {}

  open(everyMs: number = LOOK_EVERY_MS): void {
    this.close();
    this.#every = everyMs;
    void this.#look(this.#opened);
  }

  /** Look every *everyMs*, the first time after as long. */
  follow(everyMs: number): void {
    this.close();
    this.#every = everyMs;
    this.#lookLater(this.#opened);
  }

  close(): void {
    this.#opened += 1;
    this.#stop();
  }

  async #look(opened: number): Promise<void> {
    if (this.parts.visible.value || this.page.value === null) {
      const answer = await this.parts.api.space(this.spaceId);
      if (opened !== this.#opened) return;
      if (answer.ok) {
        this.refusal.set(null);
        this.page.set(answer.value);
      } else if (!MAY_PASS.has(answer.problem.code)) {
        this.refusal.set(answer.problem);
        return;
      }
    }
    this.#lookLater(opened);
  }

  #lookLater(opened: number): void {
    this.#stop = this.parts.scheduler.after(this.#every, () => void this.#look(opened));
  }
}

/** What goes away by itself; anything else is an answer. */
const MAY_PASS: ReadonlySet<string> = new Set(["offline", "timed_out", "unavailable", "rate_limited", "unreadable"]);
