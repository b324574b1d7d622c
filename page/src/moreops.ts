// The second half of the table of ops: rounding and parts, any number of operands, two operands,
// logic, and activations with a parameter.

import { bracketed as b } from "./format";
import { binary, comparison, list, type OpRules, sigmoid, step, unary } from "./rules";
import { erfc } from "./special";

const sign = (x: number): number => (x > 0 ? 1 : x < 0 ? -1 : x);
const truth = (holds: boolean): number => (holds ? 1 : 0);
/** The nearest whole number; of two the even one. */
const nearest = (x: number): number => {
  const low = Math.floor(x);
  const rest = x - low;
  return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
};
/** The remainder of the floored quotient, with the sign of y. */
const mod = (x: number, y: number): number => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};
const mean = (x: number[]): number => x.reduce((sum, item) => sum + item, 0) / x.length;
const larger = (x: number, y: number): number => (x > y || Number.isNaN(x) ? x : y);
const smaller = (x: number, y: number): number => (x < y || Number.isNaN(x) ? x : y);
/** 1 where x is below y, a half at a tie, else 0. */
const below = (x: number, y: number): number => (x < y ? 1 : x === y ? 0.5 : 0);
const steps = (forward: (x: number) => number, formula: (name: string) => string): OpRules =>
  unary(forward, () => 0, formula, () => "0");

/** a / size / size with size = hypot(x, y), so that no square overflows; 0 at the origin. */
const share = (a: number, y: number, x: number): number => {
  const size = Math.hypot(x, y) || 1;
  return a / size / size;
};
const extreme = (choose: (x: number, y: number) => number, word: string): OpRules => ({
  forward: (x) => x.reduce(choose),
  partials: (out, x) => {
    const ties = x.map((item) => truth(item === out));
    const count = ties.reduce((sum, item) => sum + item, 0);
    return ties.map((tie) => tie / count);
  },
  formula: (names) => `${word} of ${list(names)}`,
  derivatives: (names) => names.map((name) => `1 if ${b(name)} is the ${word}, shared at a tie`),
});
/** x log(y), or log1p for log, and 0 where x is 0. */
const weighted = (log: (y: number) => number, plus: number, word: (y: string) => string): OpRules =>
  binary(
    (x, y) => (x === 0 ? 0 : x * log(y)),
    (_, x, y) => [log(y), x / (plus + y)],
    (x, y) => `${b(x)} × ${word(y)}`,
    (x, y) => [word(y), `${b(x)} ÷ ${plus ? `(1 + ${b(y)})` : b(y)}`],
  );
const logic = (word: string, holds: (x: boolean, y: boolean) => boolean): OpRules =>
  binary(
    (x, y) => truth(holds(x !== 0, y !== 0)),
    () => [0, 0],
    (x, y) => `${b(x)} ${word} ${b(y)}`,
    () => ["0", "0"],
  );
const logAddExp = (x: number, y: number): number => larger(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));

const GELU = 2 * Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;
const inner = (x: number): number => GELU * (x + CUBE * (x * x * x));
const bell = (x: number): number => Math.exp(-0.5 * (x * x)) / Math.sqrt(2 * Math.PI);

export const MORE_OPS: Readonly<Record<string, OpRules>> = {
  floor: steps(Math.floor, (x) => `⌊${x}⌋`),
  ceil: steps(Math.ceil, (x) => `⌈${x}⌉`),
  trunc: steps(Math.trunc, (x) => `whole part of ${b(x)}`),
  round: steps(nearest, (x) => `whole number nearest to ${b(x)}`),
  sign: steps(sign, (x) => `sign of ${b(x)}`),
  frac: unary((x) => x - Math.trunc(x), () => 1, (x) => `fraction of ${b(x)}`, () => "1"),
  degrees: unary((x) => x * (180 / Math.PI), () => 180 / Math.PI, (x) => `${b(x)} × 180 ÷ π`, () => "180 ÷ π"),
  radians: unary((x) => x * (Math.PI / 180), () => Math.PI / 180, (x) => `${b(x)} × π ÷ 180`, () => "π ÷ 180"),
  copysign: binary(
    (x, y) => Math.abs(x) * (y < 0 || Object.is(y, -0) ? -1 : 1),
    (_, x, y) => [sign(x) * (y < 0 || Object.is(y, -0) ? -1 : 1), 0],
    (x, y) => `|${x}| with the sign of ${b(y)}`,
    (x, y) => [`1 if the signs of ${b(x)} and ${b(y)} agree, else −1`, "0"],
  ),
  mod: binary(
    mod,
    (out, x, y) => [1, -nearest((x - out) / y)],
    (x, y) => `${b(x)} mod ${b(y)}`,
    (x, y) => ["1", `−⌊${b(x)} ÷ ${b(y)}⌋`],
  ),
  hypot: binary(
    Math.hypot,
    (out, x, y) => [x / (out || 1), y / (out || 1)],
    (x, y) => `√(${b(x)}² + ${b(y)}²)`,
    (x, y) => [`${b(x)} ÷ √(${b(x)}² + ${b(y)}²)`, `${b(y)} ÷ √(${b(x)}² + ${b(y)}²)`],
  ),
  atan2: binary(
    (y, x) => Math.atan2(y + 0, x + 0),
    (_, y, x) => [share(x, y, x), share(-y, y, x)],
    (y, x) => `angle of the point (${x}, ${y})`,
    (y, x) => [`${b(x)} ÷ (${b(x)}² + ${b(y)}²)`, `−${b(y)} ÷ (${b(x)}² + ${b(y)}²)`],
  ),
  xlogy: weighted(Math.log, 0, (y) => `log(${y})`),
  xlog1py: weighted(Math.log1p, 1, (y) => `log(1 + ${b(y)})`),
  logaddexp: binary(
    logAddExp,
    (_, x, y) => [sigmoid(x - y), sigmoid(y - x)],
    (x, y) => `log(exp(${x}) + exp(${y}))`,
    (x, y) => [`sigmoid(${b(x)} − ${b(y)})`, `sigmoid(${b(y)} − ${b(x)})`],
  ),
  eq: comparison("=", (x, y) => x === y),
  ne: comparison("≠", (x, y) => x !== y),
  logical_and: logic("and", (x, y) => x && y),
  logical_or: logic("or", (x, y) => x || y),
  logical_not: steps((x) => truth(x === 0), (x) => `not ${b(x)}`),
  isnan: steps((x) => truth(Number.isNaN(x)), (x) => `1 if ${b(x)} is not a number`),
  where: {
    forward: (x) => (x[0] !== 0 ? x[1]! : x[2]!),
    partials: (_, x) => (x[0] !== 0 ? [0, 1, 0] : [0, 0, 1]),
    formula: (n) => `${b(n[1]!)} if ${b(n[0]!)} ≠ 0 else ${b(n[2]!)}`,
    derivatives: (n) => ["0", `1 if ${b(n[0]!)} ≠ 0 else 0`, `0 if ${b(n[0]!)} ≠ 0 else 1`],
  },
  clip: {
    forward: (x) => smaller(larger(x[0]!, x[1]!), x[2]!),
    partials: (_, [x, low, high]) => [
      below(low!, x!) * below(x!, high!) * truth(low! < high!),
      below(x!, low!) * truth(low! < high!),
      low! < high! ? below(high!, x!) : 1,
    ],
    formula: ([x, low, high]) => `${b(x!)} between ${b(low!)} and ${b(high!)}`,
    derivatives: ([x, low, high]) => [
      `1 if ${b(low!)} < ${b(x!)} < ${b(high!)}, ½ at an end, else 0`,
      `1 if ${b(x!)} < ${b(low!)}, ½ at it, else 0`,
      `1 if ${b(x!)} > ${b(high!)}, ½ at it, else 0`,
    ],
  },
  max: extreme(larger, "largest"),
  min: extreme(smaller, "smallest"),
  prod: {
    forward: (x) => x.reduce((total, item) => total * item, 1),
    partials: (_, x) => x.map((_item, i) => x.reduce((total, item, j) => (i === j ? total : total * item), 1)),
    formula: (names) => `product of ${list(names)}`,
    derivatives: (names) => names.map((name) => `product of all but ${b(name)}`),
  },
  mean: {
    forward: mean,
    partials: (_, x) => x.map(() => 1 / x.length),
    formula: (names) => `mean of ${list(names)}`,
    derivatives: (names) => names.map(() => `1 ÷ ${names.length}`),
  },
  var: {
    forward: (x) => mean(x.map((item) => (item - mean(x)) ** 2)),
    partials: (_, x) => x.map((item) => (2 / x.length) * (item - mean(x))),
    formula: (names) => `variance of ${list(names)}`,
    derivatives: (names) => names.map((name) => `2 (${b(name)} − mean) ÷ ${names.length}`),
  },
  norm: {
    forward: (x) => Math.hypot(...x),
    partials: (out, x) => x.map((item) => item / (out || 1)),
    formula: (names) => `√ of the sum of squares of ${list(names)}`,
    derivatives: (names) => names.map((name) => `${b(name)} ÷ out`),
  },
  polyval: {
    forward: (x) => x.slice(1).reduce((total, c) => total * x[0]! + c, 0),
    partials: (_, [x, ...c]) => {
      const degree = c.length - 1;
      const slope = c.slice(0, -1).reduce((total, item, i) => total * x! + (degree - i) * item, 0);
      return [slope, ...c.map((_item, i) => x! ** (degree - i))];
    },
    formula: ([x, ...c]) => `polynomial at ${b(x!)} with ${list(c)}`,
    derivatives: ([x, ...c]) => ["slope of the polynomial", ...c.map((_item, i) => `${b(x!)} ^ ${c.length - 1 - i}`)],
  },
  erfc: unary(
    erfc,
    (_, x) => (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
    (x) => `1 − erf(${x})`,
    (x) => `−2 ÷ √π × exp(−${b(x)}²)`,
  ),
  normal_pdf: unary(bell, (out, x) => -x * out, (x) => `φ(${x})`, (x) => `−${b(x)} × φ(${x})`),
  normal_cdf: unary((x) => 0.5 * erfc(-x * Math.SQRT1_2), (_, x) => bell(x), (x) => `Φ(${x})`, (x) => `φ(${x})`),
  celu: binary(
    (x, alpha) => larger(x, 0) + alpha * Math.expm1(smaller(x, 0) / alpha),
    (_, x, alpha) => {
      const u = smaller(x, 0) / alpha;
      return [Math.exp(u), Math.abs(u) < 1e-3 ? -u * u * (0.5 + u * (1 / 3 + u * (1 / 8 + u / 30))) : Math.expm1(u) - u * Math.exp(u)];
    },
    (x, alpha) => `${b(x)} if ${b(x)} > 0 else ${b(alpha)} × (exp(${b(x)} ÷ ${b(alpha)}) − 1)`,
    (x, alpha) => [`1 if ${b(x)} > 0 else exp(u), u = ${b(x)} ÷ ${b(alpha)}`, "exp(u) − 1 − u exp(u) below 0, else 0"],
  ),
  prelu: binary(
    (x, slope) => (x > 0 ? x : slope * x),
    (_, x, slope) => [x > 0 ? 1 : slope, smaller(x, 0)],
    (x, slope) => `${b(x)} if ${b(x)} > 0 else ${b(slope)} × ${b(x)}`,
    (x, slope) => [`1 if ${b(x)} > 0 else ${b(slope)}`, `${b(x)} if ${b(x)} < 0 else 0`],
  ),
  swish: binary(
    (x, beta) => x * sigmoid(beta * x),
    (out, x, beta) => [sigmoid(beta * x) + beta * (out * sigmoid(-beta * x)), out * (x * sigmoid(-(beta * x)))],
    (x, beta) => `${b(x)} × sigmoid(${b(beta)} × ${b(x)})`,
    (x, beta) => [`s + ${b(beta)} ${b(x)} s (1 − s), s = sigmoid(${b(beta)} × ${b(x)})`, `${b(x)}² s (1 − s)`],
  ),
  glu: binary(
    (x, gate) => x * sigmoid(gate),
    (out, _, gate) => [sigmoid(gate), out * sigmoid(-gate)],
    (x, gate) => `${b(x)} × sigmoid(${gate})`,
    (x, gate) => [`sigmoid(${gate})`, `${b(x)} × sigmoid(${gate}) × (1 − sigmoid(${gate}))`],
  ),
  gelu_tanh: unary(
    (x) => x * sigmoid(inner(x)),
    (out, x) => sigmoid(inner(x)) + out * sigmoid(-inner(x)) * GELU * (1 + 3 * CUBE * Math.min(x * x, 1600)),
    (x) => `${b(x)} × sigmoid(1.5958 (${b(x)} + 0.0447 ${b(x)}³))`,
    (x) => `s + ${b(x)} s (1 − s) × 1.5958 (1 + 0.1341 ${b(x)}²)`,
  ),
  softshrink: unary(
    (x) => x - Math.min(Math.max(x, -0.5), 0.5),
    (_, x) => step(Math.abs(x) - 0.5),
    (x) => `${b(x)} moved toward 0 by ½`,
    (x) => `1 if |${x}| > ½ else 0`,
  ),
  hardshrink: unary(
    (x) => (Math.abs(x) <= 0.5 ? 0 : x),
    (_, x) => step(Math.abs(x) - 0.5),
    (x) => `${b(x)} if |${x}| > ½ else 0`,
    (x) => `1 if |${x}| > ½ else 0`,
  ),
  quadratic: unary(
    (x) => (Math.abs(x) < 1 ? x * (2 - Math.abs(x)) : sign(x)),
    (_, x) => 2 * Math.max(1 - Math.abs(x), 0),
    (x) => `${b(x)} × (2 − |${x}|) if |${x}| < 1 else its sign`,
    (x) => `2 (1 − |${x}|) if |${x}| < 1 else 0`,
  ),
  ste_round: unary(nearest, () => 1, (x) => `whole number nearest to ${b(x)}`, () => "1, that of its surrogate"),
  ste_sign: unary(sign, (_, x) => step(1 - Math.abs(x)), (x) => `sign of ${b(x)}`, (x) => `1 if |${x}| < 1 else 0, that of its surrogate`),
};
