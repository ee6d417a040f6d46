import { createSubscriber } from "svelte/reactivity";
import type { Device } from "../../model/views/index.js";

/** The time, read anew every *ms* by whatever is on the screen and shows it. */
export class Ticking {
  readonly #subscribe: () => void;

  constructor(device: Pick<Device, "every">, ms: number) {
    this.#subscribe = createSubscriber((update) => device.every(ms, update));
  }

  /** Milliseconds since 1970. */
  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}
