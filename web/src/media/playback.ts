import { Cell, changesOf, type Readable } from "../model/index.js";
import { MIDDLE, type Sides } from "../model/places.js";
import { browserMixer, type Mixer, type MixerMaker } from "./mixer.js";
import type { SlotReceiver } from "./peer.js";

/** The part of an audio element that plays a slot. */
export interface Player {
  srcObject: MediaProvider | null;
  volume: number;
  muted: boolean;
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
  readonly makeMixer: MixerMaker;
  /** False while the page is hidden on a phone, which would stop a mixer and leaves players alone. */
  readonly mayMix: Readable<boolean>;
}

/** What a slot is multiplied by. */
export interface SlotBalance {
  readonly gain: number;
  readonly sides: Sides;
  /** Another voice than before: there is nothing to glide from. */
  readonly isOther: boolean;
}

export const UNTOUCHED: SlotBalance = { gain: 1, sides: MIDDLE, isOther: false };
/** Too short to be heard as anything but at once, and too long for a click. */
const AT_ONCE_SECONDS = 0.005;
/** As somebody walks. */
const GLIDE_SECONDS = 0.1;

/**
 * Plays the slots, each by elements of its own: not every browser mixes the tracks of one stream.
 *
 * While voices have places and a mixer runs, the elements are mute and the mixer plays the same; whenever it does not run, they play.
 */
export class Playback {
  /** The browser wants a click first. */
  readonly blocked = new Cell(false);
  readonly volume = new Cell(1);
  #slots: readonly SlotPlayers[] = [];
  #mixer: Mixer | null = null;

  /** *sink*: where it comes out; null for the system's own choice. *placed*: whether voices come from different sides. */
  constructor(
    private readonly parts: PlaybackParts,
    private readonly sink: Readable<string | null>,
    private readonly placed: Readable<boolean>,
  ) {
    changesOf(sink, () => this.#direct());
    changesOf(placed, () => this.#settleMixer());
    changesOf(parts.mayMix, () => this.#route());
  }

  /** Play *slots* from now on instead of what was played. */
  attach(slots: readonly SlotReceiver[]): void {
    if (this.#slots.length !== slots.length) this.#slots = slots.map(() => new SlotPlayers(this.parts, this.sink));
    this.#slots.forEach((players, index) => {
      const slot = slots[index];
      players.attach(slot === undefined ? null : this.parts.makeStream(slot.track), this.volume.value);
    });
    this.#settleMixer();
    this.start();
  }

  /** Start, or start again what the browser has stopped; inside a click it is always allowed. */
  start(): void {
    this.#mixer?.start();
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
    this.#route();
  }

  balance(slot: number, { gain, sides, isOther }: SlotBalance): void {
    this.#slots[slot]?.setGain(gain);
    this.#mixer?.balance(slot, { left: gain * sides.left, right: gain * sides.right }, isOther ? AT_ONCE_SECONDS : GLIDE_SECONDS);
  }

  detach(): void {
    for (const slot of this.#slots) slot.remove();
    this.#slots = [];
    this.#settleMixer();
    this.blocked.set(false);
  }

  /** A mixer only where it is wanted: without it the sound goes the shortest way. */
  #settleMixer(): void {
    if (!this.placed.value || this.#slots.length === 0) {
      this.#mixer?.close();
      this.#mixer = null;
    } else if (this.#mixer === null) {
      this.#mixer = this.parts.makeMixer();
      if (this.#mixer !== null) changesOf(this.#mixer.running, () => this.#route());
    }
    this.#mixer?.attach(this.#slots.map(({ stream }) => stream));
    this.#direct();
  }

  #direct(): void {
    for (const slot of this.#slots) slot.direct(this.sink.value);
    this.#mixer?.direct(this.sink.value);
    this.#route();
  }

  /** Either the mixer plays or the elements. */
  #route(): void {
    const mixer = this.#mixer;
    const isMixed = mixer !== null && mixer.running.value && this.parts.mayMix.value && (mixer.canDirect || this.sink.value === null);
    mixer?.setVolume(isMixed ? this.volume.value : 0);
    for (const slot of this.#slots) slot.setMuted(isMixed);
  }
}

/** What plays one slot: a player, and others beside it while a voice is lifted beyond what one of them can. */
class SlotPlayers {
  stream: MediaStream | null = null;
  readonly #players: [Player, ...Player[]];
  #volume = 1;
  #gain = 1;
  #muted = false;

  constructor(
    private readonly parts: PlaybackParts,
    private readonly sink: Readable<string | null>,
  ) {
    this.#players = [parts.makePlayer()];
  }

  attach(stream: MediaStream | null, volume: number): void {
    this.stream = stream;
    this.#volume = volume;
    for (const player of this.#players) player.srcObject = stream;
    this.#share();
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

  setMuted(muted: boolean): void {
    this.#muted = muted;
    for (const player of this.#players) player.muted = muted;
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
    const all = this.#muted ? 0 : this.#volume * this.#gain;
    while (all > this.#players.length && this.#players.length < this.parts.mostPlayers) this.#addPlayer();
    this.#players.forEach((player, index) => (player.volume = Math.min(1, Math.max(0, all - index))));
  }

  #addPlayer(): void {
    const player = this.parts.makePlayer();
    player.srcObject = this.stream;
    player.muted = this.#muted;
    this.#players.push(player);
    this.direct(this.sink.value);
    void player.play().catch(() => undefined);
  }
}

/** Elements of the page's own document, out of sight, and its audio graph. *mayMix*: as PlaybackParts has it. */
export function browserPlayback(mayMix: Readable<boolean>): PlaybackParts {
  return {
    mayMix,
    makeMixer: browserMixer,
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
