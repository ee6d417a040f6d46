import type { AnyCommand, Done, Refused } from "../protocol/index.js";
import { DONE, failed, problem, type Outcome } from "./outcome.js";
import type { Stop } from "./store.js";
import type { Scheduler } from "./time.js";

const ANSWER_WITHIN_MS = 10_000;

interface Waiting {
  readonly answer: (outcome: Outcome) => void;
  readonly stop: Stop;
}

/** Commands sent on the channel that wait for `done` or `refused`. */
export class Commands {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(private readonly scheduler: Scheduler) {}

  /** Send *command* by *send*, which says whether the line took it. */
  ask(command: AnyCommand, send: (text: string) => boolean): Promise<Outcome> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((answer) => {
      const stop = this.scheduler.after(ANSWER_WITHIN_MS, () => this.#settle(id, failed(problem("timed_out"))));
      this.#waiting.set(id, { answer, stop });
      if (!send(JSON.stringify({ type: "do", id, command }))) this.#settle(id, failed(problem("offline")));
    });
  }

  done(message: Done): void {
    this.#settle(message.id, DONE);
  }

  refused({ id, code, detail, facts, retry_after }: Refused): void {
    this.#settle(id, failed({ code, detail, facts, retryAfter: retry_after }));
  }

  /** The line is gone: nobody knows what became of what was asked. */
  abandon(): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, failed(problem("offline")));
  }

  #settle(id: number, outcome: Outcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.stop();
    waiting.answer(outcome);
  }
}
