import { Cell, changesOf, type Readable } from "../model/index.js";
import type { SlotReceiver } from "./peer.js";

/** The part of an audio element that plays a slot. */
export interface Player {
  srcObject: MediaProvider | null;
  volume: number;
  /** Missing where the browser leaves the loudspeaker to the system. */
  setSinkId?(deviceId: string): Promise<void>;
  play(): Promise<void>;
  pause(): void;
  /** It will not be needed again. */
  remove(): void;
}

export interface PlaybackParts {
  readonly makePlayer: () => Player;
  readonly makeStream: (track: MediaStreamTrack) => MediaStream;
  /** Players that one slot may have. Where the browser plays them in step they add up, and a voice can be lifted. */
  readonly mostPlayers: number;
}

/** Plays the slots, each by elements of its own: not every browser mixes the tracks of one stream. */
export class Playback {
  /** The browser wants a click first. */
  readonly blocked = new Cell(false);
  readonly volume = new Cell(1);
  #slots: readonly SlotPlayers[] = [];

  /** *sink*: where it comes out; null for the system's own choice. */
  constructor(
    private readonly parts: PlaybackParts,
    private readonly sink: Readable<string | null>,
  ) {
    changesOf(sink, (device) => this.#slots.forEach((slot) => slot.direct(device)));
  }

  /** Play *slots* from now on instead of what was played. */
  attach(slots: readonly SlotReceiver[]): void {
    if (this.#slots.length !== slots.length) this.#slots = slots.map(() => new SlotPlayers(this.parts, this.sink));
    this.#slots.forEach((players, index) => {
      const slot = slots[index];
      players.attach(slot === undefined ? null : this.parts.makeStream(slot.track), this.volume.value);
    });
    this.start();
  }

  /** Start, or start again what the browser has stopped; inside a click it is always allowed. */
  start(): void {
    for (const slot of this.#slots) {
      slot.start().then(
        () => this.blocked.set(false),
        (error: unknown) => {
          if (error instanceof DOMException && error.name === "NotAllowedError") this.blocked.set(true);
        },
      );
    }
  }

  /** 0 to 1. Phones leave the volume to their keys and ignore it. */
  setVolume(volume: number): void {
    const within = Math.min(1, Math.max(0, volume));
    this.volume.set(within);
    for (const slot of this.#slots) slot.setVolume(within);
  }

  /** Multiply what *slot* plays by *gain*. */
  balance(slot: number, gain: number): void {
    this.#slots[slot]?.setGain(gain);
  }

  detach(): void {
    for (const slot of this.#slots) slot.remove();
    this.#slots = [];
    this.blocked.set(false);
  }
}

/** What plays one slot: a player, and others beside it while a voice is lifted beyond what one of them can. */
class SlotPlayers {
  readonly #players: [Player, ...Player[]];
  #stream: MediaStream | null = null;
  #volume = 1;
  #gain = 1;

  constructor(
    private readonly parts: PlaybackParts,
    private readonly sink: Readable<string | null>,
  ) {
    this.#players = [parts.makePlayer()];
  }

  attach(stream: MediaStream | null, volume: number): void {
    this.#stream = stream;
    this.#volume = volume;
    for (const player of this.#players) player.srcObject = stream;
    this.#share();
    this.direct(this.sink.value);
  }

  /** Rejects where the browser wants a click. */
  start(): Promise<void> {
    const [first, ...others] = this.#players;
    for (const player of others) void player.play().catch(() => undefined);
    return first.play();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.#share();
  }

  setGain(gain: number): void {
    if (gain === this.#gain) return;
    this.#gain = gain;
    this.#share();
  }

  direct(sink: string | null): void {
    // A device that is gone leaves the sound where it was.
    for (const player of this.#players) void player.setSinkId?.(sink ?? "").catch(() => undefined);
  }

  remove(): void {
    for (const player of this.#players) {
      player.pause();
      player.srcObject = null;
      player.remove();
    }
  }

  /** No player goes above 1: the next one plays what is left. */
  #share(): void {
    const all = this.#volume * this.#gain;
    while (all > this.#players.length && this.#players.length < this.parts.mostPlayers) this.#addPlayer();
    this.#players.forEach((player, index) => (player.volume = Math.min(1, Math.max(0, all - index))));
  }

  #addPlayer(): void {
    const player = this.parts.makePlayer();
    player.srcObject = this.#stream;
    this.#players.push(player);
    this.direct(this.sink.value);
    void player.play().catch(() => undefined);
  }
}

/** Elements of the page's own document, out of sight. */
export function browserPlayback(): PlaybackParts {
  return {
    makePlayer: () => {
      const element = document.createElement("audio");
      element.autoplay = true;
      element.hidden = true;
      document.body.append(element);
      return element;
    },
    makeStream: (track) => new MediaStream([track]),
    mostPlayers: playsInStep(navigator.userAgent) ? 3 : 1,
  };
}

/** Whether elements that play one track add up exactly: measured in Chromium and Firefox, not known of Safari and of any browser on an iPhone. */
export function playsInStep(userAgent: string): boolean {
  return /Firefox\/|Chrom(e|ium)\//.test(userAgent);
}
