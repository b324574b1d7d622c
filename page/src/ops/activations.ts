// Activations, some of them with a parameter.

import { bracketed as b } from "../format";
import { binary, larger, nearest, sech, sigmoid, sign, smaller, step, unary, type OpRules } from "../rules";
import { erfc } from "../special";

const between = (low: number, high: number, x: number): number => (x < low ? low : x > high ? high : x);
const ROOT_HALF = Math.sqrt(0.5);
const SLOPE = 0.01;
const softplus = (x: number): number => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));
const SELU_ABOVE = 1.0507009873554805;
const SELU_BELOW = 1.7580993408473769;
const GELU = 2 * Math.sqrt(2 / Math.PI);
const CUBE = 0.044715;
const inner = (x: number): number => GELU * (x + CUBE * (x * x * x));

export const ACTIVATIONS: Readonly<Record<string, OpRules>> = {
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
