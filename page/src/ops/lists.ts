// Ops of any number of operands.

import { bracketed as b } from "../format";
import { larger, list, smaller, truth, type OpRules } from "../rules";

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
const mean = (x: number[]): number => x.reduce((sum, item) => sum + item, 0) / x.length;
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

export const LISTS: Readonly<Record<string, OpRules>> = {
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
  logsumexp: {
    forward: logsumexp,
    partials: (_, x) => softmax(x),
    formula: (names) => `log of the sum of exp of ${list(names)}`,
    derivatives: (names) => names.map((name) => `exp(${b(name)} − out)`),
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
};
