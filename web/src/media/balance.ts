import { amplitude, Evenness } from "../model/evenness.js";
import { changesOf, type Clock, type Listening, type Loudness, type Scheduler, type Stop } from "../model/index.js";
import { MIDDLE, sidesOf, type Places } from "../model/places.js";
import { voiceIn, type SlotVoice } from "./levels.js";
import type { SlotReceiver } from "./peer.js";
import { UNTOUCHED, type Playback } from "./playback.js";

/** How often the slots are looked at: a voice that is lent one has its own gain within two frames. A look blocks for a tenth of a millisecond a slot. */
export const BALANCE_EVERY_MS = 40;

interface BalanceParts {
  readonly playback: Playback;
  readonly listening: Listening;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/** Gives each slot the gain and the place of the voice that it plays just now. */
export class Balance {
  readonly #evenness = new Evenness();
  #slots: readonly SlotReceiver[] = [];
  #seen: (SlotVoice | null)[] = [];
  #places: Places = new Map();
  #stop: Stop | null = null;

  constructor(private readonly parts: BalanceParts) {
    changesOf(parts.listening.even, () => this.#settle());
    changesOf(parts.listening.placed, () => this.#settle());
  }

  hear(loudness: Loudness): void {
    this.#evenness.loudness = loudness;
    this.#settle();
  }

  place(places: Places): void {
    this.#places = places;
  }

  /** Look at *slots* from now on; none: it is over. */
  follow(slots: readonly SlotReceiver[]): void {
    this.#slots = slots;
    this.#seen = slots.map(() => null);
    this.#settle();
  }

  /** Look at the slots as long as there is something to look for: otherwise they play as they come. */
  #settle(): void {
    const { even, placed } = this.parts.listening;
    const isNeeded = placed.value || (even.value && this.#evenness.isNeeded);
    if (this.#slots.length === 0 || !isNeeded) {
      this.#stop?.();
      this.#stop = null;
      this.#slots.forEach((_, slot) => this.parts.playback.balance(slot, UNTOUCHED));
    } else if (this.#stop === null) {
      this.#look();
    }
  }

  #look(): void {
    this.#stop = this.parts.scheduler.after(BALANCE_EVERY_MS, () => this.#look());
    this.#slots.forEach((receiver, slot) => {
      const before = this.#seen[slot] ?? null;
      const now = voiceIn(receiver);
      // A slot that nobody speaks in stays as it was.
      if (now === null || now.at === before?.at) return;
      this.#seen[slot] = now;
      const { even, placed } = this.parts.listening;
      this.parts.playback.balance(slot, {
        gain: even.value ? amplitude(this.#evenness.gain(now.voice, now.dbov, this.parts.clock.now())) : 1,
        sides: placed.value ? sidesOf(this.#places.get(now.voice) ?? 0) : MIDDLE,
        isOther: now.voice !== before?.voice,
      });
    });
  }
}
