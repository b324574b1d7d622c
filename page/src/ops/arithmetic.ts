// Arithmetic: sums and products of two numbers, powers, and the whole and other parts of a number.

import { bracketed as b } from "../format";
import { binary, nearest, sign, step, steps, unary, type OpRules } from "../rules";

/** The remainder of the floored quotient, with the sign of y. */
const mod = (x: number, y: number): number => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};

export const ARITHMETIC: Readonly<Record<string, OpRules>> = {
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
  abs: unary(Math.abs, (_, x) => step(x) - step(-x), (x) => `|${x}|`, (x) => `sign of ${b(x)}`),
  square: unary((x) => x * x, (_, x) => 2 * x, (x) => `${b(x)}²`, (x) => `2 ${b(x)}`),
  reciprocal: unary((x) => 1 / x, (out, x) => -out / x, (x) => `1 ÷ ${b(x)}`, (x) => `−1 ÷ ${b(x)}²`),
  floor: steps(Math.floor, (x) => `⌊${x}⌋`),
  ceil: steps(Math.ceil, (x) => `⌈${x}⌉`),
  trunc: steps(Math.trunc, (x) => `whole part of ${b(x)}`),
  round: steps(nearest, (x) => `whole number nearest to ${b(x)}`),
  sign: steps(sign, (x) => `sign of ${b(x)}`),
  frac: unary((x) => x - Math.trunc(x), () => 1, (x) => `fraction of ${b(x)}`, () => "1"),
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
};
