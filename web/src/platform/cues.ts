import type { Memory } from "../model/index.js";
import { Cell } from "../model/index.js";

export type Cue = "came_on_stage" | "hand_raised" | "invited_to_stage" | "muted_by_host";

/** Soft notes, in hertz, one after the other. */
const NOTES: Readonly<Record<Cue, readonly number[]>> = {
  came_on_stage: [523.25, 659.25],
  hand_raised: [587.33],
  invited_to_stage: [523.25, 659.25, 783.99],
  muted_by_host: [440, 349.23],
};

const NOTE_SECONDS = 0.14;
const LOUDNESS = 0.05;
const KEY = "cues";

/** Short soft sounds that can be turned off, and that never fall upon a voice. */
export class Cues {
  readonly on: Cell<boolean>;
  #context: AudioContext | null = null;

  constructor(
    private readonly memory: Memory,
    private readonly makeContext: (() => AudioContext) | null,
    /** Whether somebody is speaking just now. */
    private readonly isVoiceHeard: () => boolean,
  ) {
    this.on = new Cell(memory.recall(KEY) !== "off");
  }

  setOn(on: boolean): void {
    this.memory.keep(KEY, on ? "on" : "off");
    this.on.set(on);
  }

  /** Play *cue*, unless it would fall upon a voice. */
  play(cue: Cue): void {
    if (!this.on.value || this.makeContext === null || this.isVoiceHeard()) return;
    this.#context ??= this.makeContext();
    const context = this.#context;
    void context.resume().catch(() => undefined);
    NOTES[cue].forEach((hertz, index) => playNote(context, hertz, context.currentTime + index * NOTE_SECONDS));
  }
}

function playNote(context: AudioContext, hertz: number, at: number): void {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.type = "sine";
  tone.frequency.value = hertz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + NOTE_SECONDS * 1.8);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + NOTE_SECONDS * 2);
}

export function browserAudioContext(): (() => AudioContext) | null {
  return typeof AudioContext === "undefined" ? null : () => new AudioContext();
}
