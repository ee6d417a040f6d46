import { Cell } from "./store.js";
import type { Notice } from "./views/stay.js";

/** What happened to me by another's hand, each kind once, until I have read it or it is no longer so. */
export class Notices {
  readonly list = new Cell<readonly Notice[]>([]);
  #last = 0;

  add(key: Notice["key"]): void {
    this.#last += 1;
    this.list.set([...this.list.value.filter((notice) => notice.key !== key), { id: this.#last, key }]);
  }

  dismiss(id: number): void {
    this.#keep((notice) => notice.id !== id);
  }

  /** These have become untrue. */
  clear(...keys: readonly Notice["key"][]): void {
    this.#keep((notice) => !keys.includes(notice.key));
  }

  clearAll(): void {
    this.#keep(() => false);
  }

  #keep(stays: (notice: Notice) => boolean): void {
    const kept = this.list.value.filter(stays);
    if (kept.length < this.list.value.length) this.list.set(kept);
  }
}
