import { describe, expect, it } from "vitest";

import { placeOf, type Rect, widthOf } from "../src/labels";

const line = (x0: number, y0: number, x1: number, y1: number) => (share: number) => ({ x: x0 + share * (x1 - x0), y: y0 + share * (y1 - y0) });
const meet = (a: Rect, b: Rect): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const NONE = { boxes: [], labels: [], points: [] };

describe("the label of an edge", () => {
  it("stands above its line where nothing else is", () => {
    const place = placeOf(40, line(0, 100, 100, 100), NONE);
    expect([(place.left + place.right) / 2, place.bottom]).toEqual([30, 97]);
  });
  it("keeps clear of boxes, of other labels and of lines", () => {
    const box = { left: -100, right: 37, top: 80, bottom: 120 }; // seven pixels of its sides bear no number
    const first = placeOf(40, line(37, 100, 120, 100), { ...NONE, boxes: [box] });
    expect(meet(first, { ...box, right: 30 })).toBe(false);
    const second = placeOf(40, line(37, 100, 120, 100), { ...NONE, boxes: [box], labels: [first] });
    expect(meet(second, first)).toBe(false);
    const points = [{ x: (first.left + first.right) / 2, y: (first.top + first.bottom) / 2 }];
    expect(placeOf(40, line(37, 100, 120, 100), { ...NONE, boxes: [box], points })).not.toEqual(first);
  });
  it("is as wide as its letters", () => expect(widthOf("× ≈−0.5")).toBeCloseTo(2 + 3 * 10.1 + 2 * 4.7 + 2 * 8.4, 9));
});
