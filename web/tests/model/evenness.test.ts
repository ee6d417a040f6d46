import { describe, expect, it } from "vitest";
import { evenGain, Evenness, MOST_CUT_DB, MOST_LIFT_DB, TARGET_DBOV } from "../../src/model/evenness.js";

const ANN = 101;
const BEA = 102;

function knowing(loudness: Readonly<Record<number, number>>): Evenness {
  const evenness = new Evenness();
  evenness.loudness = new Map(Object.entries(loudness).map(([voice, dbov]) => [Number(voice), dbov]));
  return evenness;
}

/** The gains of *voice*, which sounds every 20 ms for *ms* from *from* on. */
function heard(evenness: Evenness, voice: number, from: number, ms: number, dbov: number | null = null): number[] {
  return Array.from({ length: ms / 20 }, (_, frame) => evenness.gain(voice, dbov, from + frame * 20));
}

describe("the gain of a voice", () => {
  it("brings voices 21 dB apart to one loudness", () => {
    for (let dbov = TARGET_DBOV - MOST_LIFT_DB; dbov <= TARGET_DBOV + MOST_CUT_DB; dbov += 1) {
      expect(dbov + evenGain(dbov)).toBe(TARGET_DBOV);
    }
  });

  it("has bounds, so that a bad microphone is not all noise and a shout not a whisper", () => {
    expect([evenGain(-60), evenGain(0)]).toEqual([MOST_LIFT_DB, -MOST_CUT_DB]);
  });

  it("leaves a voice as it comes whose loudness nobody knows", () => {
    expect(evenGain(undefined)).toBe(0);
    expect(new Evenness().gain(ANN, -20, 0)).toBe(0);
  });
});

describe("even loudness", () => {
  it("is needed only where somebody is louder or quieter", () => {
    expect([new Evenness().isNeeded, knowing({ [ANN]: TARGET_DBOV }).isNeeded, knowing({ [ANN]: -30 }).isNeeded]).toEqual([false, false, true]);
  });

  it("is there from the first word on for who comes in", () => {
    const evenness = knowing({ [ANN]: -32, [BEA]: -20 });
    expect([evenness.gain(ANN, -32, 0), evenness.gain(BEA, -20, 0)]).toEqual([8, -4]);
  });

  it("follows a voice that sounds by 3 dB a second, without a step that one could hear", () => {
    const evenness = knowing({ [ANN]: -24 });
    heard(evenness, ANN, 0, 1_000);
    evenness.loudness = new Map([[ANN, -30]]);
    const gains = heard(evenness, ANN, 1_000, 4_000);
    const steps = gains.slice(1).map((gain, index) => gain - (gains[index] ?? 0));
    expect(Math.max(...steps)).toBeLessThan(0.07);
    expect(gains[50]).toBeCloseTo(3, 0);
    expect(gains.at(-1)).toBe(6);
  });

  it("does not creep back in a pause", () => {
    const evenness = knowing({ [ANN]: -30 });
    heard(evenness, ANN, 0, 1_000);
    expect(evenness.gain(ANN, -30, 60_000)).toBe(6);
  });

  it("takes the new gain at once after a pause, when nobody can hear it change", () => {
    const evenness = knowing({ [ANN]: -24 });
    heard(evenness, ANN, 0, 1_000);
    evenness.loudness = new Map([[ANN, -33]]);
    expect(evenness.gain(ANN, -33, 4_000)).toBe(9);
  });

  it("keeps the voices of one slot apart", () => {
    const evenness = knowing({ [ANN]: -32, [BEA]: -20 });
    const turns = [ANN, BEA, ANN, BEA].map((voice, turn) => heard(evenness, voice, turn * 500, 500));
    expect(turns.map((gains) => [Math.min(...gains), Math.max(...gains)])).toEqual([[8, 8], [-4, -4], [8, 8], [-4, -4]]);
  });

  it("never lifts a shout into clipping, and lifts the voice again slowly", () => {
    const evenness = knowing({ [ANN]: -33 });
    heard(evenness, ANN, 0, 1_000, -30);
    expect(evenness.gain(ANN, -8, 1_000)).toBe(0);
    expect(evenness.gain(ANN, -18, 1_020)).toBeCloseTo(0.06);
    expect(heard(evenness, ANN, 1_040, 4_000, -30).at(-1)).toBe(9);
  });

  it("leaves a loud voice its peaks", () => {
    const evenness = knowing({ [ANN]: -18 });
    expect(heard(evenness, ANN, 0, 1_000, -6).at(-1)).toBe(-6);
  });
});
