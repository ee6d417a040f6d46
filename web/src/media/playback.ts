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
}

/** Plays the slots, each by an element of its own: not every browser mixes the tracks of one stream. */
export class Playback {
  /** The browser wants a click first. */
  readonly blocked = new Cell(false);
  readonly volume = new Cell(1);
  #players: readonly Player[] = [];

  /** *sink*: where it comes out; null for the system's own choice. */
  constructor(
    private readonly parts: PlaybackParts,
    private readonly sink: Readable<string | null>,
  ) {
    changesOf(sink, () => this.#players.forEach((player) => this.#direct(player)));
  }

  /** Play *slots* from now on instead of what was played. */
  attach(slots: readonly SlotReceiver[]): void {
    if (this.#players.length !== slots.length) this.#players = slots.map(() => this.parts.makePlayer());
    this.#players.forEach((player, index) => {
      const slot = slots[index];
      player.srcObject = slot === undefined ? null : this.parts.makeStream(slot.track);
      player.volume = this.volume.value;
      this.#direct(player);
    });
    this.start();
  }

  /** Start, or start again what the browser has stopped; inside a click it is always allowed. */
  start(): void {
    for (const player of this.#players) {
      player.play().then(
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
    for (const player of this.#players) player.volume = within;
  }

  detach(): void {
    for (const player of this.#players) {
      player.pause();
      player.srcObject = null;
      player.remove();
    }
    this.#players = [];
    this.blocked.set(false);
  }

  #direct(player: Player): void {
    // A device that is gone leaves the sound where it was.
    void player.setSinkId?.(this.sink.value ?? "").catch(() => undefined);
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
  };
}
