// Comparisons, logic, and choices among numbers.

import { bracketed as b } from "../format";
import { binary, comparison, larger, smaller, step, steps, truth, type OpRules } from "../rules";

/** 1 where x is below y, a half at a tie, else 0. */
const below = (x: number, y: number): number => (x < y ? 1 : x === y ? 0.5 : 0);
const logic = (word: string, holds: (x: boolean, y: boolean) => boolean): OpRules =>
  binary(
    (x, y) => truth(holds(x !== 0, y !== 0)),
    () => [0, 0],
    (x, y) => `${b(x)} ${word} ${b(y)}`,
    () => ["0", "0"],
  );

export const CHOICES: Readonly<Record<string, OpRules>> = {
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
  eq: comparison("=", (x, y) => x === y),
  ne: comparison("≠", (x, y) => x !== y),
  logical_and: logic("and", (x, y) => x && y),
  logical_or: logic("or", (x, y) => x || y),
  logical_not: steps((x) => truth(x === 0), (x) => `not ${b(x)}`),
  isnan: steps((x) => truth(Number.isNaN(x)), (x) => `1 if ${b(x)} is not a number`),
  select: {
    forward: (x) => (x[0] !== 0 ? x[1]! : x[2]!),
    partials: (_, x) => (x[0] !== 0 ? [0, 1, 0] : [0, 0, 1]),
    formula: (n) => `${b(n[1]!)} if ${b(n[0]!)} ≠ 0 else ${b(n[2]!)}`,
    derivatives: (n) => ["0", `1 if ${b(n[0]!)} ≠ 0 else 0`, `0 if ${b(n[0]!)} ≠ 0 else 1`],
  },
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
};
