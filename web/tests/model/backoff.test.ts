import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/model/backoff.js";

describe("the wait before another try", () => {
  it("is short while a restart is the likeliest reason", () => {
    expect([0, 1, 2, 3, 10].map((tries) => backoffMs(tries, () => 0.5))).toEqual([250, 500, 700, 700, 700]);
  });

  it("is long once nobody has answered for long", () => {
    expect(backoffMs(50, () => 0.5)).toBe(10_000);
  });

  it("is spread, so that a crowd does not return at once", () => {
    expect([backoffMs(3, () => 0), backoffMs(3, () => 0.999)]).toEqual([350, expect.closeTo(1050, -1)]);
  });
});
