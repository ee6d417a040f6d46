import type { Levels } from "../model/index.js";
import type { SlotReceiver } from "./peer.js";

/** The ear's scale: this many dB under full is drawn as nothing, and this many as full. */
const QUIETEST_DB = -55;
const LOUDEST_DB = -10;

/** A voice whose packets have stopped for so many readings is silent, whatever the browser remembers of it. */
const STALE_AFTER_READINGS = 3;

/** Drawn where a browser tells who speaks but not how loud. */
const UNKNOWN_LEVEL = 0.5;

/** 0 to 1 for a linear level (RMS or RFC 6464), so that speech moves through the whole range. */
export function loudnessOf(linear: number): number {
  if (!(linear > 0)) return 0;
  const db = 20 * Math.log10(linear);
  return Math.min(1, Math.max(0, (db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)));
}

/** The voice that a slot plays now, or played last. */
export interface SlotVoice {
  readonly voice: number;
  /** When its last frame was played, on a clock of the browser's. */
  readonly at: number;
  /** Of that frame, in dBov; null where the browser does not tell. */
  readonly dbov: number | null;
}

/** Who is in *slot*: browsers note the CSRC of a frame as they play it. */
export function voiceIn(slot: SlotReceiver): SlotVoice | null {
  const last = latest(slot.getContributingSources());
  if (last === undefined) return null;
  const linear = last.audioLevel ?? newest(slot.getSynchronizationSources());
  return { voice: last.source, at: last.timestamp, dbov: linear === undefined ? null : 20 * Math.log10(Math.max(linear, 1e-7)) };
}

/** Reads who is heard, and how loud, from the CSRC and level of the packets in the slots. */
export class LevelReader {
  readonly #seen = new Map<number, { timestamp: number; unchanged: number }>();

  /** Levels by voice; silent ones are left out. */
  read(slots: readonly SlotReceiver[]): Levels {
    const levels = new Map<number, number>();
    for (const slot of slots) {
      for (const { source, timestamp, audioLevel } of slot.getContributingSources()) {
        if (!this.#isFresh(source, timestamp)) continue;
        const linear = audioLevel ?? newest(slot.getSynchronizationSources());
        const level = linear === undefined ? UNKNOWN_LEVEL : loudnessOf(linear);
        if (level > 0) levels.set(source, Math.max(level, levels.get(source) ?? 0));
      }
    }
    return levels;
  }

  #isFresh(voice: number, timestamp: number): boolean {
    const seen = this.#seen.get(voice);
    if (seen === undefined || timestamp > seen.timestamp) {
      this.#seen.set(voice, { timestamp, unchanged: 0 });
      return true;
    }
    if (timestamp === seen.timestamp) seen.unchanged += 1;
    return timestamp === seen.timestamp && seen.unchanged < STALE_AFTER_READINGS;
  }
}

/** The level of the stream that carries the voice; some browsers tell it there alone. */
function newest(sources: readonly RTCRtpSynchronizationSource[]): number | undefined {
  return latest(sources)?.audioLevel;
}

function latest<Source extends RTCRtpContributingSource>(sources: readonly Source[]): Source | undefined {
  let best: Source | undefined;
  for (const source of sources) if (best === undefined || source.timestamp > best.timestamp) best = source;
  return best;
}
