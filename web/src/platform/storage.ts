import type { Memory } from "../model/index.js";

const PREFIX = "arengo.";

/** The browser's storage where it allows any; else what is kept is forgotten with the page. */
export class BrowserMemory implements Memory {
  readonly #fallback = new Map<string, string>();

  constructor(private readonly storage: () => Storage) {}

  recall(key: string): string | null {
    try {
      return this.storage().getItem(PREFIX + key) ?? this.#fallback.get(key) ?? null;
    } catch {
      return this.#fallback.get(key) ?? null;
    }
  }

  keep(key: string, value: string): void {
    this.#fallback.set(key, value);
    try {
      this.storage().setItem(PREFIX + key, value);
    } catch {
      // Full, or forbidden by the person: the fallback has it.
    }
  }

  forget(key: string): void {
    this.#fallback.delete(key);
    try {
      this.storage().removeItem(PREFIX + key);
    } catch {
      // Nothing was kept there either.
    }
  }
}
