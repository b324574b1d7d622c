import { describe, expect, it } from "vitest";

import { addsUp, holds, localHolds, multiplies } from "../src/exact";
import { boxed, bracketed, close, full, parse, plain, reading } from "../src/format";
import { LongLine } from "../src/longline";
import { pathBounds } from "../src/stage";

describe("numbers", () => {
  it("fit their box, true minus signs and all, and rounded ones are marked", () => {
    expect([-8, 0, -0, 1.25e-7, 1.256e-7, -123456, 1e12 / 7, Infinity, -Infinity, NaN].map(boxed)).toEqual([
      "−8.0000", "0.0000", "−0.0", "1.25e−07", "≈1.26e−07", "−123456", "≈1.43e+11", "inf", "−inf", "nan",
    ]);
    expect([1 / 3, -2 / 3, 1234.56789, 9999.00005].map(boxed)).toEqual(["≈0.3333", "≈−0.6667", "≈1234.568", "≈9999.000"]);
    expect(boxed(1e-123)).toBe("1.00e−123");
  });
  it("round ties to the even digit, as Python does", () => {
    expect([0.03125, 0.09375, 1.00390625, 2.125 / 1024].map(boxed)).toEqual(["≈0.0312", "≈0.0938", "≈1.0039", "≈0.0021"]);
    expect([2 ** -20, 1.125 * 2 ** 40].map(boxed)).toEqual(["≈9.54e−07", "≈1.24e+12"]);
  });
  it("are written for a reader: whole, or rounded and marked", () => {
    expect([2, -0.5, 1 / 3, 1e21, -1e-300, 1234567 * 1000001, 0.1 + 0.2, -0].map(plain)).toEqual([
      "2", "−0.5", "≈0.333333", "1e+21", "−1e−300", "1234568234567", "≈0.3", "−0.0",
    ]);
  });
  it("have every digit that Python prints", () => {
    expect([0.1 + 0.2, 1e16, 1e-5, 123456789012, 2 ** 70, 5e-324].map(full)).toEqual([
      "0.30000000000000004", "1e+16", "1e−05", "123456789012", "1.1805916207174113e+21", "5e−324",
    ]);
  });
  it("and names are bracketed only where they would run into an operator", () => {
    expect(["a", "−2", "a+b", "(a+b)", "f(a)·g(b)", "tanh(a+b)", "x[3]", "layers.0.3.w1", "w0#2", "1e−07"].map(bracketed)).toEqual([
      "a", "(−2)", "(a+b)", "(a+b)", "(f(a)·g(b))", "tanh(a+b)", "x[3]", "layers.0.3.w1", "w0#2", "1e−07",
    ]);
  });
  it("are read as people type them", () => {
    expect(["6", " -4 ", "−4,5", ".5", "+1e-3", "2."].map(parse)).toEqual([6, -4, -4.5, 0.5, 0.001, 2]);
    expect(["−1e−300", "1/2", "-3 / 4", "≈0.3333", "(−2)", "4,5"].map(parse)).toEqual([-1e-300, 0.5, -0.75, 0.3333, -2, 4.5]);
    expect(reading("4,5", 4.5)).toContain("“4,5” was read as 4.5");
    expect(reading("4.5", 4.5)).toBe("");
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

describe("equations", () => {
  it("are called true only where they are, digit for digit", () => {
    expect(multiplies([1234567, 1000001], 1234568234567)).toBe(true);
    expect(multiplies([0.1, 0.1], 0.1 * 0.1)).toBe(false);
    expect(addsUp([1e16, 1], 1e16)).toBe(false);
    expect(addsUp([0.1, 0.2], 0.1 + 0.2)).toBe(false);
    expect(addsUp([0.5, 0.25], 0.75)).toBe(true);
    expect(holds("div", [1, 4], 0.25)).toBe(true);
    expect(holds("div", [1, 3], 1 / 3)).toBe(false);
    expect(holds("sqrt", [2.25], 1.5)).toBe(true);
    expect(holds("sqrt", [2], Math.SQRT2)).toBe(false);
    expect(holds("pow", [2, -3], 0.125)).toBe(true);
    expect(holds("pow", [1.1, 2], 1.1 ** 2)).toBe(false);
    expect(holds("tanh", [20], Math.tanh(20))).toBe(false);
    expect(holds("tanh", [0], 0)).toBe(true);
    expect(holds("exp", [0], 1)).toBe(true);
    expect(localHolds("tanh", [40], 0, 0)).toBe(false);
    expect(localHolds("tanh", [0], 0, 1)).toBe(true);
    expect(localHolds("mul", [0.1, 0.2], 0, 0.2)).toBe(true);
    expect(localHolds("div", [3, 4], 0, 0.25)).toBe(true);
    expect(localHolds("div", [3, 4], 1, -0.1875)).toBe(true);
    expect(localHolds("div", [1, 3], 0, 1 / 3)).toBe(false);
    expect(localHolds("pow", [3, 3], 0, 27)).toBe(true);
    expect(localHolds("pow", [1.1, 3], 0, 3 * 1.1 ** 2)).toBe(false);
    expect(localHolds("pow", [3, 3], 1, 27 * Math.log(3))).toBe(false);
    expect(localHolds("sqrt", [4], 0, 0.25)).toBe(true);
    expect(localHolds("sqrt", [2], 0, 0.5 / Math.SQRT2)).toBe(false);
    expect(holds("dot", [1, 2, 3, 4], 11)).toBe(true);
  });
});

describe("path bounds", () => {
  it("take curves and level pieces in, and leave the arrow's head out", () => {
    const d = "M10.0 20.0H50.5C60.0 20.0 60.0 -7.5 90.0 -7.5H120.0m-6 -4 L120.0 -7.5 l-6 4";
    expect(pathBounds(d)).toEqual([10, -7.5, 120, 20]);
  });
});

describe("a long line", () => {
  const d = "M0 0.0C50 0.0 50 9000.0 100 9000.0H300C350 9000.0 350 100.0 400 100.0H410m-6 -4 L410 100.0 l-6 4";
  it("is drawn where it is near, and nowhere else", () => {
    const line = new LongLine(d);
    expect(line.near(500, 0, 900, 900)).toBe("");
    expect(line.near(120, 0, 280, 800)).toBe(""); // between its two arms
    expect(line.near(-10, -10, 420, 9100).match(/M/g)).toHaveLength(1);
    expect(line.near(390, 90, 420, 110)).toMatch(/^M.*H?.*410 100m-6 -4 L410 100.0 l-6 4$/);
    expect(line.near(0, 8990, 400, 9010).startsWith("M")).toBe(true);
    expect(line.near(0, 8990, 400, 9010)).not.toContain("m-6");
  });
  it("has parts that lie on the curve", () => {
    const part = new LongLine("M0 0C50 0 50 9000 100 9000").near(49, 4400, 51, 4600);
    for (const [, x, y] of part.matchAll(/(?:M| )(-?[\d.]+) (-?[\d.]+)(?=C|$)/g)) {
      // x = 150 t (1 - t) + 100 t^3 - ..., y = 9000 (3 t^2 - 2 t^3): the same t for both
      const t = [...Array(4097).keys()].map((k) => k / 4096).reduce((best, k) => (Math.abs(9000 * (3 * k * k - 2 * k ** 3) - Number(y)) < Math.abs(9000 * (3 * best * best - 2 * best ** 3) - Number(y)) ? k : best), 0);
      expect(3 * (1 - t) ** 2 * t * 50 + 3 * (1 - t) * t * t * 50 + t ** 3 * 100).toBeCloseTo(Number(x), 0);
    }
  });
});
