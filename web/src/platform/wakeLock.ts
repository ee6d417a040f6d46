/** The part of navigator.wakeLock that is needed. */
export type WakeLocks = Pick<WakeLock, "request">;

/** Keeps the screen on while it is wanted and the page is seen; where the browser cannot, nothing happens. */
export class ScreenLight {
  #wanted = false;
  #lock: Pick<WakeLockSentinel, "release" | "released"> | null = null;
  #asking = false;

  constructor(private readonly locks: WakeLocks | null) {}

  want(on: boolean): void {
    this.#wanted = on;
    if (on) void this.#take();
    else this.#release();
  }

  /** The browser takes the lock back whenever the page is hidden. */
  pageShown(): void {
    if (this.#wanted) void this.#take();
  }

  async #take(): Promise<void> {
    if (this.locks === null || this.#asking || this.#lock?.released === false) return;
    this.#asking = true;
    try {
      this.#lock = await this.locks.request("screen");
    } catch {
      this.#lock = null; // Low battery, or hidden just now.
    } finally {
      this.#asking = false;
    }
    if (!this.#wanted) this.#release();
  }

  #release(): void {
    void this.#lock?.release();
    this.#lock = null;
  }
}

export function browserWakeLocks(): WakeLocks | null {
  return (navigator as { readonly wakeLock?: WakeLock }).wakeLock ?? null;
}
