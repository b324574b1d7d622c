import { describe, expect, it } from "vitest";

import { OPS } from "../src/ops";
import { erf, erfc } from "../src/special";

// Operands where every op is smooth.
const SMOOTH: Record<string, number[]> = { pow: [1.7, 2.3], sum: [0.3, -1.2, 2.0], dot: [0.5, -1, 2, 3], logsumexp: [0.3, -1.2, 2.0], select: [1, 0.4, -0.7], log: [1.9], sqrt: [1.9], acosh: [1.9], xlogy: [0.8, 1.4], xlog1py: [0.8, 1.4], polyval: [0.7, 0.3, -1.2, 2.0], clip: [0.3, -1, 1], where: [1, 0.4, -0.7], celu: [-0.8, 1.4], max: [0.3, -1.2, 2.0], min: [0.3, -1.2, 2.0], prod: [0.3, -1.2, 2.0], mean: [0.3, -1.2, 2.0], var: [0.3, -1.2, 2.0], norm: [0.3, -1.2, 2.0], mod: [0.8, -1.45], hardshrink: [0.73], softshrink: [0.73] };
const BINARY = new Set(["add", "sub", "mul", "div", "maximum", "minimum", "gt", "ge", "lt", "le", "eq", "ne", "logical_and", "logical_or", "copysign", "hypot", "atan2", "logaddexp", "prelu", "swish", "glu"]);
const SURROGATE = new Set(["ste_round", "ste_sign"]);
const at = (name: string): number[] => SMOOTH[name] ?? (BINARY.has(name) ? [0.8, -1.4] : [0.63]);

function slope(name: string, x: number[], place: number): number {
  const h = 1e-5;
  const f = (nudge: number): number => OPS[name]!.forward(x.map((item, i) => (i === place ? item + nudge : item)));
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

describe("ops", () => {
  for (const [name, rules] of Object.entries(OPS)) {
    it(`${name}: the local derivatives are slopes`, () => {
      const x = at(name);
      const partials = rules.partials(rules.forward(x), x);
      expect(partials).toHaveLength(x.length);
      if (SURROGATE.has(name)) return; // the slope is that of another function, on purpose
      partials.forEach((partial, place) => expect(partial).toBeCloseTo(slope(name, x, place), 8));
    });
    it(`${name}: formula and derivatives name the operands`, () => {
      const names = at(name).map((_, i) => `operand${i}`);
      expect(rules.formula(names)).toContain("operand0");
      expect(rules.derivatives(names)).toHaveLength(names.length);
    });
  }

  const partials = (name: string, ...x: number[]): number[] => OPS[name]!.partials(OPS[name]!.forward(x), x);
  it("keeps the conventions at kinks", () => {
    expect(partials("relu", 0)).toEqual([0]);
    expect(partials("abs", 0)).toEqual([0]);
    expect(partials("leaky_relu", 0)).toEqual([0.01]);
    expect(partials("maximum", 2, 2)).toEqual([0.5, 0.5]);
    expect(partials("minimum", 2, 2)).toEqual([0.5, 0.5]);
    expect(partials("pow", 0, 0)).toEqual([0, 0]);
    expect(partials("gt", 2, 2)).toEqual([0, 0]);
  });
  it("takes x log(y) for 0 where x is 0 and y a number", () => {
    expect(OPS["xlogy"]!.forward([0, 0])).toBe(0);
    expect(OPS["xlog1py"]!.forward([0, -1])).toBe(0);
    expect(OPS["xlogy"]!.forward([0, NaN])).toBeNaN();
    expect(partials("xlogy", 0, 0)).toEqual([-Infinity, 0]);
    expect(partials("xlog1py", 0, -1)).toEqual([-Infinity, 0]);
    expect(partials("xlogy", 0, 2)[1]).toBe(0);
  });
  it("keeps tiny derivatives to the last digits, and puts no doubled brackets", () => {
    // computed with mpmath
    expect(partials("tanh", 19)[0]! / 1.255653116819211772e-16).toBeCloseTo(1, 12);
    expect(partials("logsumexp", 1e17, 1e17)).toEqual([0.5, 0.5]);
    expect(partials("gelu", -9)[0]! / -9.138937373906639e-18).toBeCloseTo(1, 10);
    expect(OPS["tanh"]!.formula(["−2"])).toBe("tanh(−2)");
    expect(OPS["mul"]!.formula(["a+b", "−2"])).toBe("(a+b) × (−2)");
    expect(OPS["dot"]!.derivatives(["a", "b", "c", "d"])).toEqual(["c", "d", "a", "b"]);
  });
  it("does not overflow where the result is ordinary", () => {
    expect(OPS["sigmoid"]!.forward([-800])).toBe(0);
    expect(OPS["sigmoid"]!.forward([800])).toBe(1);
    expect(OPS["softplus"]!.forward([800])).toBe(800);
    expect(OPS["logsumexp"]!.forward([1000, 1000])).toBeCloseTo(1000 + Math.log(2), 10);
    expect(partials("elu", 900)).toEqual([1]);
  });
});

describe("error function", () => {
  // 20-digit values, computed with mpmath
  const KNOWN: [number, number, number][] = [
    [0, 0, 1],
    [1e-8, 1.1283791670955125e-8, 0.99999998871620833],
    [0.5, 0.52049987781304654, 0.47950012218695346],
    [1, 0.84270079294971487, 0.15729920705028513],
    [2, 0.99532226501895273, 0.0046777349810472658],
    [2.5, 0.999593047982555, 0.00040695201744495894],
    [3, 0.99997790950300141, 2.2090496998585441e-5],
    [5, 0.99999999999846254, 1.5374597944280349e-12],
    [10, 1, 2.0884875837625447e-45],
  ];
  for (const [x, e, c] of KNOWN)
    it(`is right at ${x}`, () => {
      expect(Math.abs(erf(x) - e)).toBeLessThanOrEqual(4e-16 * Math.max(e, 1e-300));
      expect(Math.abs(erf(-x) + e)).toBeLessThanOrEqual(4e-16 * Math.max(e, 1e-300));
      expect(Math.abs(erfc(x) - c)).toBeLessThanOrEqual(c * (x < 2.5 ? 1e-13 : 2e-15));
    });
  it("ends at its limits", () => {
    expect(erf(Infinity)).toBe(1);
    expect(erf(-Infinity)).toBe(-1);
    expect(erfc(40)).toBe(0);
    expect(erf(NaN)).toBeNaN();
  });
});
