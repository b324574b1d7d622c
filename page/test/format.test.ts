import { describe, expect, it } from "vitest";

import { boxed, close, factor, parse, plain } from "../src/format";
import { pathBounds } from "../src/stage";

describe("numbers", () => {
  it("fit their box", () => {
    expect([-8, 0, -0, 1.25e-7, -123456, Infinity, -Infinity, NaN].map(boxed)).toEqual([
      "-8.0000", "0.0000", "0.0000", "1.25e-07", "-1.23e+05", "inf", "-inf", "nan",
    ]);
    expect(boxed(1e-123)).toBe("1.00e-123");
  });
  it("are written for a reader", () => {
    expect([2, -0.5, 1 / 3, 1e21].map(plain)).toEqual(["2", "−0.5", "0.333333", "1e+21"]);
    expect([2, -2].map(factor)).toEqual(["2", "(−2)"]);
  });
  it("are read as people type them", () => {
    expect(["6", " -4 ", "−4,5", ".5", "+1e-3", "2."].map(parse)).toEqual([6, -4, -4.5, 0.5, 0.001, 2]);
    expect(["", "six", "1 2", "0x10", "Infinity", "--1", "."].map(parse)).toEqual(Array(7).fill(undefined));
  });
  it("are close within half a percent, the border included", () => {
    expect([6.03, 5.97].every((guess) => close(guess, 6))).toBe(true);
    expect([6.031, 5.969, -6].some((guess) => close(guess, 6))).toBe(false);
    expect(close(0.0005, 0)).toBe(true);
    expect(close(0.0006, 0)).toBe(false);
    expect(close(1, Infinity)).toBe(false);
  });
});

describe("path bounds", () => {
  it("take curves and level pieces in, and leave the arrow's head out", () => {
    const d = "M10.0 20.0H50.5C60.0 20.0 60.0 -7.5 90.0 -7.5H120.0m-6 -4 L120.0 -7.5 l-6 4";
    expect(pathBounds(d)).toEqual([10, -7.5, 120, 20]);
  });
});
