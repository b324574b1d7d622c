// Elementary functions, those of angles, and those of the error function.

import { bracketed as b } from "../format";
import { binary, larger, sech, sigmoid, unary, type OpRules } from "../rules";
import { erf, erfc } from "../special";

/** a / size / size with size = hypot(x, y), so that no square overflows; 0 at the origin. */
const share = (a: number, y: number, x: number): number => {
  const size = Math.hypot(x, y) || 1;
  return a / size / size;
};
/** x log(y), or log1p for log, and 0 where x is 0 and y a number; its slope by y there is 0 too. */
const weighted = (log: (y: number) => number, plus: number, word: (y: string) => string): OpRules =>
  binary(
    (x, y) => (x === 0 && !Number.isNaN(y) ? x * 0 : x * log(y)),
    (_, x, y) => [log(y), x === 0 && plus + y === 0 ? 0 : x / (plus + y)],
    (x, y) => `${b(x)} × ${word(y)}`,
    (x, y) => [word(y), `${b(x)} ÷ ${plus ? `(1 + ${b(y)})` : b(y)}`],
  );
const logAddExp = (x: number, y: number): number => larger(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
const bell = (x: number): number => Math.exp(-0.5 * (x * x)) / Math.sqrt(2 * Math.PI);

export const FUNCTIONS: Readonly<Record<string, OpRules>> = {
  exp: unary(Math.exp, (out) => out, (x) => `exp(${x})`, (x) => `exp(${x})`),
  log: unary(Math.log, (_, x) => 1 / x, (x) => `log(${x})`, (x) => `1 ÷ ${b(x)}`),
  sqrt: unary(Math.sqrt, (out) => 0.5 / out, (x) => `√${b(x)}`, (x) => `1 ÷ (2 √${b(x)})`),
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
  tanh: unary(Math.tanh, (_, x) => sech(x) ** 2, (x) => `tanh(${x})`, (x) => `1 − tanh(${x})²`),
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
  erfc: unary(
    erfc,
    (_, x) => (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x),
    (x) => `1 − erf(${x})`,
    (x) => `−2 ÷ √π × exp(−${b(x)}²)`,
  ),
  normal_pdf: unary(bell, (out, x) => -x * out, (x) => `φ(${x})`, (x) => `−${b(x)} × φ(${x})`),
  normal_cdf: unary((x) => 0.5 * erfc(-x * Math.SQRT1_2), (_, x) => bell(x), (x) => `Φ(${x})`, (x) => `φ(${x})`),
  degrees: unary((x) => x * (180 / Math.PI), () => 180 / Math.PI, (x) => `${b(x)} × 180 ÷ π`, () => "180 ÷ π"),
  radians: unary((x) => x * (Math.PI / 180), () => Math.PI / 180, (x) => `${b(x)} × π ÷ 180`, () => "π ÷ 180"),
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
};
