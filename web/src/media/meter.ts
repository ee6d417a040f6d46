import { Cell, every, type Scheduler, type Stop } from "../model/index.js";
import { loudnessOf } from "./levels.js";

/** Reads the loudness of what a microphone hears; `null` where the browser cannot. */
export type MeterMaker = (stream: MediaStream) => Meter | null;

export interface Meter {
  /** Root mean square of the last moments, 0 to 1. */
  rms(): number;
  close(): void;
}

export const METER_EVERY_MS = 80;

/** My own level while the microphone is open, 0 to 1. */
export class OwnLevel {
  readonly level = new Cell(0);
  #stop: Stop = () => undefined;

  constructor(
    private readonly makeMeter: MeterMaker,
    private readonly scheduler: Scheduler,
  ) {}

  follow(stream: MediaStream): void {
    this.stop();
    const meter = this.makeMeter(stream);
    if (meter === null) return;
    const stopReading = every(this.scheduler, METER_EVERY_MS, () => this.level.set(loudnessOf(meter.rms())));
    this.#stop = () => {
      stopReading();
      meter.close();
    };
  }

  stop(): void {
    this.#stop();
    this.#stop = () => undefined;
    this.level.set(0);
  }
}

/** By an analyser of the browser's own audio graph; nothing is played. */
export function browserMeter(stream: MediaStream): Meter | null {
  if (typeof AudioContext === "undefined") return null;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  const source = context.createMediaStreamSource(stream);
  source.connect(analyser);
  void context.resume();
  const samples = new Float32Array(analyser.fftSize);
  return {
    rms: () => {
      analyser.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    },
    close: () => {
      source.disconnect();
      void context.close();
    },
  };
}
