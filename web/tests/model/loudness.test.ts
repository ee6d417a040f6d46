import { beforeEach, describe, expect, it } from "vitest";
import { Hearing } from "../../src/model/loudness.js";
import { FakeTime } from "../fakes/time.js";

let time: FakeTime;
let hearing: Hearing;

beforeEach(() => {
  time = new FakeTime();
  hearing = new Hearing(time);
});

const hear = (...levels: [number, number][]): void => hearing.hear(new Map(levels), null, 0);

describe("who is heard most", () => {
  it("is whoever speaks first out of silence", () => {
    hear([1, 0.05]);
    expect(hearing.dominant.value).toBeNull();
    hear([1, 0.4]);
    expect(hearing.dominant.value).toBe(1);
  });

  it("does not change at a word thrown in, but after a pause", async () => {
    hear([1, 0.4]);
    await time.pass(400);
    hear([2, 0.9]);
    expect(hearing.dominant.value).toBe(1);
    await time.pass(1_500);
    hear([2, 0.9]);
    expect(hearing.dominant.value).toBe(2);
  });

  it("is nobody after a silence", async () => {
    hear([1, 0.4]);
    await time.pass(1_600);
    hear();
    expect(hearing.dominant.value).toBeNull();
  });
});

describe("talk time", () => {
  it("counts speech alone, and no gap between readings", async () => {
    hear([1, 0.5]);
    for (let reading = 0; reading < 10; reading += 1) {
      await time.pass(100);
      hear([1, 0.5], [2, 0.01]);
    }
    await time.pass(60_000);
    hear();
    expect(hearing.talkedSeconds(1)).toBeCloseTo(1.3, 5);
    expect(hearing.talkedSeconds(2)).toBe(0);
  });
});
