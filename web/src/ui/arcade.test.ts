import { describe, expect, it } from "vitest";
import { arcadeShape, archPlaces } from "./arcade.js";
import { crowdRows } from "./crowd.js";

const PHONE = { width: 390, height: 844 };
const DESK = { width: 880, height: 800 };

describe("the stage", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])("sets %i people in rows that hold them all", (people) => {
    for (const { width, height } of [PHONE, DESK]) {
      const { rows } = arcadeShape(people, width, height);
      expect(rows.reduce((sum, row) => sum + row, 0)).toBe(people);
      expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(1);
    }
  });

  it("gives arches that fit their cells", () => {
    for (let people = 1; people <= 13; people += 1) {
      const { rows, arch } = arcadeShape(people, PHONE.width, PHONE.height);
      expect((arch * 7) / 6).toBeLessThanOrEqual(PHONE.width / Math.max(...rows));
    }
  });

  it("draws few people larger than many", () => {
    const widths = [1, 6, 13].map((people) => arcadeShape(people, PHONE.width, PHONE.height).arch);
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
  });

  it("never needs more than three rows on a phone", () => {
    expect(arcadeShape(13, PHONE.width, PHONE.height).rows).toHaveLength(3);
  });
});

describe("the places of arches", () => {
  it("are those of their cells, row by row", () => {
    expect(archPlaces([1])).toEqual([0]);
    expect(archPlaces([2])).toEqual([-0.5, 0.5]);
    expect(archPlaces([3, 2])).toEqual([expect.closeTo(-2 / 3), 0, expect.closeTo(2 / 3), expect.closeTo(-1 / 3), expect.closeTo(1 / 3)]);
  });
});

describe("the square", () => {
  it("sets every other row one shorter, and loses nobody", () => {
    const people = Array.from({ length: 40 }, (_, index) => index);
    const rows = crowdRows(people, PHONE.width);
    expect(rows.slice(0, 3).map((row) => row.length)).toEqual([8, 7, 8]);
    expect(rows.flat()).toEqual(people);
  });
});
