import type { Clock, Scheduler, Stop } from "../../src/model/index.js";

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. */
export class FakeTime implements Clock, Scheduler {
  #now = 1_000_000;
  #order = 0;
  #due: Due[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Stop {
    const due = { at: this.#now + ms, order: (this.#order += 1), run };
    this.#due.push(due);
    return () => {
      this.#due = this.#due.filter((other) => other !== due);
    };
  }

  /** Let *ms* pass, running what falls due in its order, and everything that it promised. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#due = this.#due.filter((other) => other !== next);
      this.#now = next.at;
      next.run();
      await settle();
    }
    this.#now = until;
  }

  #next(until: number): Due | undefined {
    return this.#due.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at || one.order - other.order)[0];
  }
}

/** Let every promise that can go on, go on. */
export function settle(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}
