import { describe, expect, it } from "vitest";
import { MIDDLE, sidesOf } from "../../src/model/places.js";

describe("the place of a voice", () => {
  it("changes nothing in the middle", () => {
    expect(sidesOf(0)).toBe(MIDDLE);
    const { left, right } = sidesOf(0.0001);
    expect([left, right]).toEqual([expect.closeTo(1, 3), expect.closeTo(1, 3)]);
  });

  it("has the same power everywhere", () => {
    for (let place = -1; place <= 1; place += 0.05) {
      const { left, right } = sidesOf(place);
      expect(left ** 2 + right ** 2).toBeCloseTo(2);
    }
  });

  it("goes from left to right, and leaves neither ear alone", () => {
    const shares = [-1, -0.5, 0, 0.5, 1].map((place) => sidesOf(place)).map(({ left, right }) => right / left);
    expect(shares).toEqual([...shares].sort((one, other) => one - other));
    expect(shares[0]).toBeGreaterThan(0.1);
    expect(shares[4]).toBeLessThan(10);
    expect(sidesOf(-7)).toEqual(sidesOf(-1));
  });
});
