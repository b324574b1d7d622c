// Every op that ships and that JavaScript can compute: the same two rules as in Python, and how to
// write them for a reader. Conventions at kinks are the same too: relu'(0) = 0, abs'(0) = 0, maximum
// at a tie gives half.

import { bracketed as b } from "./format";
import { MORE_OPS } from "./moreops";
import { binary, comparison, list, type OpRules, sigmoid, step, unary } from "./rules";
import { erf, erfc } from "./special";

const ROOT_HALF = Math.sqrt(0.5);
const SLOPE = 0.01;

/** 1 / cosh x, accurate where 1 - tanh(x)^2 cancels. */
const sech = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return (2 * e) / (1 + e * e);
};

const between = (low: number, high: number, x: number): number => (x < low ? low : x > high ? high : x);
const softplus = (x: number): number => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));
const SELU_ABOVE = 1.0507009873554805;
const SELU_BELOW = 1.7580993408473769;

function logsumexp(x: number[]): number {
  const top = Math.max(...x);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(x.reduce((sum, item) => sum + Math.exp(item - top), 0));
}

/** The derivatives of logsumexp; exp(x - out) would lose digits where x is large. */
function softmax(x: number[]): number[] {
  const top = Math.max(...x);
  const weights = x.map((item) => Math.exp(item - top));
  const total = weights.reduce((sum, item) => sum + item, 0);
  return weights.map((item) => item / total);
}

function products(names: string[]): string {
  const half = names.length / 2;
  const terms = names.slice(0, half).map((name, i) => `${b(name)} × ${b(names[half + i]!)}`);
  return terms.length <= 3 ? terms.join(" + ") : `${terms.slice(0, 2).join(" + ")} + …`;
}

export const OPS: Readonly<Record<string, OpRules>> = {
  add: binary((x, y) => x + y, () => [1, 1], (x, y) => `${b(x)} + ${b(y)}`, () => ["1", "1"]),
  sub: binary((x, y) => x - y, () => [1, -1], (x, y) => `${b(x)} − ${b(y)}`, () => ["1", "−1"]),
  mul: binary((x, y) => x * y, (_, x, y) => [y, x], (x, y) => `${b(x)} × ${b(y)}`, (x, y) => [y, x]),
  div: binary(
    (x, y) => x / y,
    (out, _, y) => [1 / y, -out / y],
    (x, y) => `${b(x)} ÷ ${b(y)}`,
    (x, y) => [`1 ÷ ${b(y)}`, `−${b(x)} ÷ ${b(y)}²`],
  ),
  neg: unary((x) => -x, () => -1, (x) => `−${b(x)}`, () => "−1"),
  pow: binary(
    (x, y) => x ** y,
    (out, x, y) => [y === 0 ? 0 : y * x ** (y - 1), out * Math.log(x === 0 ? 1 : x)],
    (x, y) => `${b(x)} ^ ${b(y)}`,
    (x, y) => [`${b(y)} × ${b(x)} ^ (${b(y)} − 1)`, `${b(x)} ^ ${b(y)} × log(${x})`],
  ),
  exp: unary(Math.exp, (out) => out, (x) => `exp(${x})`, (x) => `exp(${x})`),
  log: unary(Math.log, (_, x) => 1 / x, (x) => `log(${x})`, (x) => `1 ÷ ${b(x)}`),
  sqrt: unary(Math.sqrt, (out) => 0.5 / out, (x) => `√${b(x)}`, (x) => `1 ÷ (2 √${b(x)})`),
  abs: unary(Math.abs, (_, x) => step(x) - step(-x), (x) => `|${x}|`, (x) => `sign of ${b(x)}`),
  exp2: unary((x) => 2 ** x, (out) => Math.LN2 * out, (x) => `2^${b(x)}`, (x) => `log(2) × 2^${b(x)}`),
  expm1: unary(Math.expm1, (_, x) => Math.exp(x), (x) => `exp(${x}) − 1`, (x) => `exp(${x})`),
  log1p: unary(Math.log1p, (_, x) => 1 / (1 + x), (x) => `log(1 + ${b(x)})`, (x) => `1 ÷ (1 + ${b(x)})`),
  log2: unary(
    Math.log2,
    (_, x) => Math.LOG2E / x,
    (x) => `log₂(${x})`,
    (x) => `1 ÷ (${b(x)} log(2))`,
  ),
  log10: unary(
    Math.log10,
    (_, x) => Math.LOG10E / x,
    (x) => `log₁₀(${x})`,
    (x) => `1 ÷ (${b(x)} log(10))`,
  ),
  cbrt: unary(Math.cbrt, (out) => 1 / (3 * out * out), (x) => `∛${b(x)}`, (x) => `1 ÷ (3 ∛${b(x)}²)`),
  square: unary((x) => x * x, (_, x) => 2 * x, (x) => `${b(x)}²`, (x) => `2 ${b(x)}`),
  reciprocal: unary((x) => 1 / x, (out, x) => -out / x, (x) => `1 ÷ ${b(x)}`, (x) => `−1 ÷ ${b(x)}²`),
  rsqrt: unary(
    (x) => 1 / Math.sqrt(x),
    (out, x) => (-0.5 * out) / x,
    (x) => `1 ÷ √${b(x)}`,
    (x) => `−1 ÷ (2 ${b(x)} √${b(x)})`,
  ),
  sin: unary(Math.sin, (_, x) => Math.cos(x), (x) => `sin(${x})`, (x) => `cos(${x})`),
  cos: unary(Math.cos, (_, x) => -Math.sin(x), (x) => `cos(${x})`, (x) => `−sin(${x})`),
  tan: unary(Math.tan, (out) => 1 + out * out, (x) => `tan(${x})`, (x) => `1 + tan(${x})²`),
  asin: unary(
    Math.asin,
    (_, x) => 1 / Math.sqrt((1 - x) * (1 + x)),
    (x) => `asin(${x})`,
    (x) => `1 ÷ √(1 − ${b(x)}²)`,
  ),
  acos: unary(
    Math.acos,
    (_, x) => -1 / Math.sqrt((1 - x) * (1 + x)),
    (x) => `acos(${x})`,
    (x) => `−1 ÷ √(1 − ${b(x)}²)`,
  ),
  atan: unary(Math.atan, (_, x) => 1 / (1 + x * x), (x) => `atan(${x})`, (x) => `1 ÷ (1 + ${b(x)}²)`),
  sinh: unary(Math.sinh, (_, x) => Math.cosh(x), (x) => `sinh(${x})`, (x) => `cosh(${x})`),
  cosh: unary(Math.cosh, (_, x) => Math.sinh(x), (x) => `cosh(${x})`, (x) => `sinh(${x})`),
  asinh: unary(
    Math.asinh,
    (_, x) => 1 / Math.hypot(1, x),
    (x) => `asinh(${x})`,
    (x) => `1 ÷ √(1 + ${b(x)}²)`,
  ),
  acosh: unary(
    Math.acosh,
    (_, x) => 1 / (Math.sqrt(x - 1) * Math.sqrt(x + 1)),
    (x) => `acosh(${x})`,
    (x) => `1 ÷ √(${b(x)}² − 1)`,
  ),
  atanh: unary(
    Math.atanh,
    (_, x) => 1 / ((1 - x) * (1 + x)),
    (x) => `atanh(${x})`,
    (x) => `1 ÷ (1 − ${b(x)}²)`,
  ),
  erf: unary(
    erf,
    (_, x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
    (x) => `erf(${x})`,
    (x) => `2 ÷ √π × exp(−${b(x)}²)`,
  ),
  maximum: binary(
    (x, y) => (x > y || Number.isNaN(x) ? x : y),
    (_, x, y) => (x === y ? [0.5, 0.5] : [step(x - y), step(y - x)]),
    (x, y) => `the larger of ${b(x)} and ${b(y)}`,
    (x, y) => [`1 if ${b(x)} is larger, ½ at a tie`, `1 if ${b(y)} is larger, ½ at a tie`],
  ),
  minimum: binary(
    (x, y) => (x < y || Number.isNaN(x) ? x : y),
    (_, x, y) => (x === y ? [0.5, 0.5] : [step(y - x), step(x - y)]),
    (x, y) => `the smaller of ${b(x)} and ${b(y)}`,
    (x, y) => [`1 if ${b(x)} is smaller, ½ at a tie`, `1 if ${b(y)} is smaller, ½ at a tie`],
  ),
  gt: comparison(">", (x, y) => x > y),
  ge: comparison("≥", (x, y) => x >= y),
  lt: comparison("<", (x, y) => x < y),
  le: comparison("≤", (x, y) => x <= y),
  select: {
    forward: (x) => (x[0] !== 0 ? x[1]! : x[2]!),
    partials: (_, x) => (x[0] !== 0 ? [0, 1, 0] : [0, 0, 1]),
    formula: (n) => `${b(n[1]!)} if ${b(n[0]!)} ≠ 0 else ${b(n[2]!)}`,
    derivatives: (n) => ["0", `1 if ${b(n[0]!)} ≠ 0 else 0`, `0 if ${b(n[0]!)} ≠ 0 else 1`],
  },
  sum: {
    forward: (x) => x.reduce((sum, item) => sum + item, 0),
    partials: (_, x) => x.map(() => 1),
    formula: (names) => `sum of ${list(names)}`,
    derivatives: (names) => names.map(() => "1"),
  },
  dot: {
    forward: (x) => {
      const half = x.length / 2;
      let sum = 0;
      for (let i = 0; i < half; i++) sum += x[i]! * x[half + i]!;
      return sum;
    },
    partials: (_, x) => [...x.slice(x.length / 2), ...x.slice(0, x.length / 2)],
    formula: products,
    derivatives: (n) => [...n.slice(n.length / 2), ...n.slice(0, n.length / 2)],
  },
  relu: unary((x) => Math.max(0, x), (_, x) => step(x), (x) => `relu(${x})`, (x) => `1 if ${b(x)} > 0 else 0`),
  leaky_relu: unary(
    (x) => (x > 0 ? x : SLOPE * x),
    (_, x) => (x > 0 ? 1 : SLOPE),
    (x) => `leaky_relu(${x})`,
    (x) => `1 if ${b(x)} > 0 else ${SLOPE}`,
  ),
  elu: unary(
    (x) => (x > 0 ? x : Math.expm1(x)),
    (_, x) => Math.exp(Math.min(x, 0)),
    (x) => `elu(${x})`,
    (x) => `1 if ${b(x)} > 0 else exp(${x})`,
  ),
  tanh: unary(Math.tanh, (_, x) => sech(x) ** 2, (x) => `tanh(${x})`, (x) => `1 − tanh(${x})²`),
  sigmoid: unary(
    sigmoid,
    (out, x) => out * sigmoid(-x),
    (x) => `sigmoid(${x})`,
    (x) => `sigmoid(${x}) × (1 − sigmoid(${x}))`,
  ),
  softplus: unary(
    (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
    (_, x) => sigmoid(x),
    (x) => `log(1 + exp(${x}))`,
    (x) => `sigmoid(${x})`,
  ),
  silu: unary(
    (x) => x * sigmoid(x),
    (out, x) => sigmoid(x) + out * sigmoid(-x),
    (x) => `${b(x)} × sigmoid(${x})`,
    (x) => `sigmoid(${x}) × (1 + ${b(x)} × (1 − sigmoid(${x})))`,
  ),
  gelu: unary(
    (x) => 0.5 * x * erfc(-x * ROOT_HALF),
    (_, x) => 0.5 * erfc(-x * ROOT_HALF) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
    (x) => `${b(x)} × Φ(${x})`,
    (x) => `Φ(${x}) + ${b(x)} × φ(${x})`,
  ),
  relu6: unary(
    (x) => between(0, 6, x),
    (_, x) => step(x) * step(6 - x),
    (x) => `${b(x)} between 0 and 6`,
    (x) => `1 if 0 < ${b(x)} < 6 else 0`,
  ),
  hardtanh: unary(
    (x) => between(-1, 1, x),
    (_, x) => step(x + 1) * step(1 - x),
    (x) => `${b(x)} between −1 and 1`,
    (x) => `1 if −1 < ${b(x)} < 1 else 0`,
  ),
  hardsigmoid: unary(
    (x) => between(0, 6, x + 3) / 6,
    (_, x) => (step(x + 3) * step(3 - x)) / 6,
    (x) => `(${b(x)} + 3) ÷ 6 between 0 and 1`,
    (x) => `⅙ if −3 < ${b(x)} < 3 else 0`,
  ),
  hardswish: unary(
    (x) => (x <= -3 ? 0 : x >= 3 ? x : (x * (x + 3)) / 6),
    (_, x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
    (x) => `${b(x)} × hardsigmoid(${x})`,
    (x) => `(2 ${b(x)} + 3) ÷ 6 if −3 < ${b(x)} < 3, 1 above, 0 below`,
  ),
  selu: unary(
    (x) => (x > 0 ? SELU_ABOVE * x : SELU_BELOW * Math.expm1(x)),
    (_, x) => (x > 0 ? SELU_ABOVE : SELU_BELOW * Math.exp(x)),
    (x) => `selu(${x})`,
    (x) => `1.0507 if ${b(x)} > 0 else 1.7581 exp(${x})`,
  ),
  logsigmoid: unary(
    (x) => (x < 0 ? x : 0) - Math.log1p(Math.exp(-Math.abs(x))),
    (_, x) => sigmoid(-x),
    (x) => `log(sigmoid(${x}))`,
    (x) => `sigmoid(−${b(x)})`,
  ),
  mish: unary(
    (x) => x * Math.tanh(softplus(x)),
    (_, x) => Math.tanh(softplus(x)) + x * sigmoid(x) * sech(softplus(x)) ** 2,
    (x) => `${b(x)} × tanh(log(1 + exp(${x})))`,
    (x) => `tanh(p) + ${b(x)} × sigmoid(${x}) ÷ cosh(p)², p = log(1 + exp(${x}))`,
  ),
  logsumexp: {
    forward: logsumexp,
    partials: (_, x) => softmax(x),
    formula: (names) => `log of the sum of exp of ${list(names)}`,
    derivatives: (names) => names.map((name) => `exp(${b(name)} − out)`),
  },
  ...MORE_OPS,
};
