// What an op of the page is: its two rules, as in Python, and how they are written for a reader.

import { bracketed as b } from "./format";

export interface OpRules {
  forward(x: number[]): number;
  /** One local derivative d(out)/d(operand) for each operand. */
  partials(out: number, x: number[]): number[];
  /** The formula, written with the operands' names. */
  formula(names: string[]): string;
  /** The local derivatives as formulas, one for each operand. */
  derivatives(names: string[]): string[];
  /** The same two rules of an op with one operand, without lists: for many numbers at once. */
  scalar?: Scalar;
}

export interface Scalar {
  forward(x: number): number;
  partial(out: number, x: number): number;
}

export const sigmoid = (x: number): number => {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
};
export const step = (x: number): number => (x > 0 ? 1 : 0);

export function unary(
  forward: (x: number) => number,
  partial: (out: number, x: number) => number,
  formula: (name: string) => string,
  derivative: (name: string) => string,
): OpRules {
  return {
    forward: (x) => forward(x[0]!),
    partials: (out, x) => [partial(out, x[0]!)],
    formula: (names) => formula(names[0]!),
    derivatives: (names) => [derivative(names[0]!)],
    scalar: { forward, partial },
  };
}

export function binary(
  forward: (x: number, y: number) => number,
  partials: (out: number, x: number, y: number) => [number, number],
  formula: (x: string, y: string) => string,
  derivatives: (x: string, y: string) => [string, string],
): OpRules {
  return {
    forward: (x) => forward(x[0]!, x[1]!),
    partials: (out, x) => partials(out, x[0]!, x[1]!),
    formula: (names) => formula(names[0]!, names[1]!),
    derivatives: (names) => derivatives(names[0]!, names[1]!),
  };
}

export function comparison(sign: string, holds: (x: number, y: number) => boolean): OpRules {
  return binary(
    (x, y) => (holds(x, y) ? 1 : 0),
    () => [0, 0],
    (x, y) => `1 if ${b(x)} ${sign} ${b(y)} else 0`,
    () => ["0", "0"],
  );
}

export function list(names: string[], most = 4): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most - 1).join(", ")}, …`;
}

/** 1 / cosh x, accurate where 1 - tanh(x)^2 cancels. */
export const sech = (x: number): number => {
  const e = Math.exp(-Math.abs(x));
  return (2 * e) / (1 + e * e);
};
export const sign = (x: number): number => (x > 0 ? 1 : x < 0 ? -1 : x);
export const truth = (holds: boolean): number => (holds ? 1 : 0);
/** The nearest whole number; of two the even one. */
export const nearest = (x: number): number => {
  const low = Math.floor(x);
  const rest = x - low;
  return rest < 0.5 ? low : rest > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
};
export const larger = (x: number, y: number): number => (x > y || Number.isNaN(x) ? x : y);
export const smaller = (x: number, y: number): number => (x < y || Number.isNaN(x) ? x : y);
export const steps = (forward: (x: number) => number, formula: (name: string) => string): OpRules =>
  unary(forward, () => 0, formula, () => "0");
