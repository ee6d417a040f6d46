import { describe, expect, it } from "vitest";
import { LevelReader, loudnessOf } from "../../src/media/levels.js";
import type { SlotReceiver } from "../../src/media/peer.js";
import { FakeSlot, type HeardSource } from "../fakes/media.js";

function aSlot(contributing: HeardSource[], synchronizing: HeardSource[] = []): { slot: FakeSlot; receiver: SlotReceiver } {
  const slot = new FakeSlot("slot");
  slot.contributing = contributing;
  slot.synchronizing = synchronizing;
  return { slot, receiver: slot as unknown as SlotReceiver };
}

describe("loudness", () => {
  it("moves through the whole range as speech does", () => {
    expect([0, 0.001, 0.02, 0.32, 1].map((linear) => Math.round(loudnessOf(linear) * 100))).toEqual([0, 0, 47, 100, 100]);
  });

  it("is nothing for what is no number", () => {
    expect([loudnessOf(Number.NaN), loudnessOf(-1)]).toEqual([0, 0]);
  });
});

describe("reading levels", () => {
  it("names voices by the CSRC of what is heard", () => {
    const one = aSlot([{ source: 101, timestamp: 5, audioLevel: 0.1 }]);
    const two = aSlot([{ source: 102, timestamp: 5, audioLevel: 0.3 }]);
    const levels = new LevelReader().read([one.receiver, two.receiver]);
    expect([...levels.keys()]).toEqual([101, 102]);
    expect(levels.get(102)).toBeGreaterThan(levels.get(101) ?? 1);
  });

  it("takes the level of the stream where the browser tells none of the voice", () => {
    const { receiver } = aSlot([{ source: 101, timestamp: 5 }], [{ source: 9, timestamp: 4, audioLevel: 0.0001 }, { source: 9, timestamp: 5, audioLevel: 0.32 }]);
    expect(new LevelReader().read([receiver]).get(101)).toBeCloseTo(1, 1);
  });

  it("shows a voice whose level nobody tells", () => {
    const { receiver } = aSlot([{ source: 101, timestamp: 5 }]);
    expect(new LevelReader().read([receiver]).get(101)).toBe(0.5);
  });

  it("lets a voice fall silent whose packets have stopped", () => {
    const reader = new LevelReader();
    const { slot, receiver } = aSlot([{ source: 101, timestamp: 5, audioLevel: 0.3 }]);
    const sizes = [1, 2, 3, 4].map(() => reader.read([receiver]).size);
    expect(sizes).toEqual([1, 1, 1, 0]);
    slot.contributing = [{ source: 101, timestamp: 6, audioLevel: 0.3 }];
    expect(reader.read([receiver]).size).toBe(1);
  });

  it("does not show a voice twice that has moved to another slot", () => {
    const reader = new LevelReader();
    const old = aSlot([{ source: 101, timestamp: 5, audioLevel: 1 }]);
    const now = aSlot([{ source: 101, timestamp: 9, audioLevel: 0.01 }]);
    reader.read([old.receiver]);
    expect(reader.read([now.receiver, old.receiver]).get(101)).toBeLessThan(0.5);
  });
});
