import { Cell, type Readable } from "../model/index.js";
import type { Sides } from "../model/places.js";

/** Plays slots through an audio graph, which alone can give each ear its own. */
export interface Mixer {
  /** False until a click, where the browser wants one, and whenever the system has stopped it. */
  readonly running: Readable<boolean>;
  /** Whether it can come out elsewhere than where the system chooses. */
  readonly canDirect: boolean;
  direct(deviceId: string | null): void;
  /** Start, or start again; inside a click it is always allowed. */
  start(): void;
  /** Play these from now on instead of what was played. */
  attach(streams: readonly (MediaStream | null)[]): void;
  /** Go to *sides* within a few times *seconds*. */
  balance(slot: number, sides: Sides, seconds: number): void;
  setVolume(volume: number): void;
  close(): void;
}

/** Makes a mixer; null where the browser has none. */
export type MixerMaker = () => Mixer | null;

/** Up to here a sample stays as it is. */
const KNEE = 0.7;
/** The loudest sum that is still told apart from a louder one: three voices, lifted. */
const LOUDEST = 8;
const CURVE_POINTS = 4097;
/** How fast the volume goes over. */
const TURN_SECONDS = 0.01;

/** *sample* bent so that it never leaves -1 to 1. A compressor would look ahead, and so delay everything by 6 ms in Chromium. */
export function bent(sample: number): number {
  const size = Math.abs(sample);
  if (size <= KNEE) return sample;
  return Math.sign(sample) * (KNEE + (1 - KNEE) * Math.tanh((size - KNEE) / (1 - KNEE)));
}

interface Desk {
  readonly input: AudioNode;
  readonly left: AudioParam;
  readonly right: AudioParam;
  source: AudioNode | null;
}

/**
 * Each slot by two gains, one for each ear, then all of them bent where their sum would clip.
 *
 * A stereo panner would take a mono voice for quieter in the middle than it is without one, and fold a stereo voice together;
 * by HRTF all would come 6 ms later in Chromium.
 */
class GraphMixer implements Mixer {
  readonly running: Cell<boolean>;
  readonly canDirect: boolean;
  readonly #sum: ChannelMergerNode;
  readonly #volume: GainNode;
  readonly #desks: Desk[] = [];

  constructor(private readonly context: AudioContext) {
    this.running = new Cell(context.state === "running");
    this.canDirect = "setSinkId" in context;
    context.addEventListener("statechange", () => this.running.set(context.state === "running"));
    this.#sum = new ChannelMergerNode(context, { numberOfInputs: 2 });
    this.#volume = new GainNode(context, { gain: 0 });
    const curve = Float32Array.from({ length: CURVE_POINTS }, (_, at) => bent(((2 * at) / (CURVE_POINTS - 1) - 1) * LOUDEST));
    this.#sum.connect(this.#volume).connect(new WaveShaperNode(context, { curve })).connect(context.destination);
    this.start();
  }

  direct(deviceId: string | null): void {
    // A device that is gone leaves the sound where it was.
    void (this.context as Partial<Directed>).setSinkId?.(deviceId ?? "").catch(() => undefined);
  }

  start(): void {
    void this.context.resume().catch(() => undefined);
  }

  attach(streams: readonly (MediaStream | null)[]): void {
    streams.forEach((stream, slot) => {
      const desk = (this.#desks[slot] ??= this.#aDesk());
      desk.source?.disconnect();
      desk.source = stream && this.context.createMediaStreamSource(stream);
      desk.source?.connect(desk.input);
    });
  }

  balance(slot: number, { left, right }: Sides, seconds: number): void {
    const desk = this.#desks[slot];
    const now = this.context.currentTime;
    desk?.left.setTargetAtTime(left, now, seconds);
    desk?.right.setTargetAtTime(right, now, seconds);
  }

  setVolume(volume: number): void {
    this.#volume.gain.setTargetAtTime(volume / LOUDEST, this.context.currentTime, TURN_SECONDS);
  }

  close(): void {
    this.running.set(false);
    void this.context.close().catch(() => undefined);
  }

  #aDesk(): Desk {
    // A mono voice sounds on both sides, a stereo one stays what it is.
    const input = new GainNode(this.context, { channelCount: 2, channelCountMode: "explicit" });
    const ears = new ChannelSplitterNode(this.context, { numberOfOutputs: 2 });
    const left = new GainNode(this.context);
    const right = new GainNode(this.context);
    input.connect(ears);
    ears.connect(left, 0).connect(this.#sum, 0, 0);
    ears.connect(right, 1).connect(this.#sum, 0, 1);
    return { input, left: left.gain, right: right.gain, source: null };
  }
}

interface Directed {
  setSinkId(deviceId: string): Promise<void>;
}

/** With the shortest buffer that the device can do: that gives back the time for which Chromium keeps remote sound before the graph. */
export function browserMixer(): Mixer | null {
  return typeof AudioContext === "undefined" ? null : new GraphMixer(new AudioContext({ latencyHint: 0 }));
}
