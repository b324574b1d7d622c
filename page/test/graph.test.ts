import { describe, expect, it } from "vitest";

import type { WrittenNode } from "../src/graph";
import { backward, forward, gradsAfter, readGraph, undefinedAt } from "../src/graph";
import { Run } from "../src/steps";

const leaf = (name: string, data: number): WrittenNode => ({ kind: "leaf", op: "", name, data, operands: [] });
const constant = (data: number): WrittenNode => ({ kind: "constant", op: "", name: String(data), data, operands: [] });
const node = (op: string, name: string, ...operands: number[]): WrittenNode => ({ kind: "op", op, name, data: 0, operands });

// L = (a * b + c) * f, the first lesson: a, b, e, c, d, f, L
const LESSON = [leaf("a", 2), leaf("b", -3), node("mul", "e", 0, 1), leaf("c", 10), node("add", "d", 2, 3), leaf("f", -2), node("mul", "L", 4, 5)];
const NONE = new Map<number, number>();

describe("graph", () => {
  const graph = readGraph(LESSON);
  const values = forward(graph, NONE);
  it("computes forwards", () => expect(values).toEqual([2, -3, -6, 10, 4, -2, -8]));
  it("computes forwards with a changed leaf", () => expect(forward(graph, new Map([[0, 4.5]])).at(-1)).toBe(7));
  it("computes backwards", () => expect(backward(graph, values).grads).toEqual([6, -4, -2, -2, -2, 4, 1]));
  it("replays a sweep step by step", () => {
    const sweep = backward(graph, values);
    expect(gradsAfter(sweep, 0)).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(gradsAfter(sweep, 1)).toEqual([0, 0, 0, 0, -2, 4, 1]);
    expect(gradsAfter(sweep, 3)).toEqual(sweep.grads);
  });
  it("adds up at shared nodes and gives constants nothing", () => {
    const shared = readGraph([leaf("a", 3), constant(2), node("mul", "p", 0, 1), node("mul", "q", 0, 0), node("add", "r", 2, 3)]);
    const grads = backward(shared, forward(shared, NONE)).grads;
    expect(grads[0]).toBe(8);
    expect(grads[1]).toBe(0);
    expect(shared.uses[0]).toBe(3);
  });
  it("lets a node without upstream gradient pass nothing on, even where it has no derivative", () => {
    const kink = readGraph([leaf("a", 0), node("sqrt", "s", 0), constant(0), node("mul", "z", 1, 2)]);
    expect(backward(kink, forward(kink, NONE)).grads[0]).toBe(0);
  });
  it("names the node that leaves its domain", () => {
    const lost = readGraph([leaf("a", -1), node("log", "g", 0), node("exp", "h", 1)]);
    expect(undefinedAt(lost, forward(lost, NONE))?.name).toBe("g");
    expect(undefinedAt(graph, values)).toBeUndefined();
  });
  it("takes the numbers of an op that only Python knows as they were recorded", () => {
    const foreign = readGraph([leaf("x", 3), { ...node("softsign", "s", 0), data: 0.75, recorded: { partials: [0.0625], doc: "" } }]);
    expect(foreign.foreign).toEqual(["softsign"]);
    expect(forward(foreign, NONE)).toEqual([3, 0.75]);
    expect(backward(foreign, [3, 0.75]).grads).toEqual([0.0625, 1]);
  });
  it("reads the numbers that JSON has no words for", () => {
    const odd = readGraph([{ ...leaf("x", 0), data: "-Infinity" }, { ...leaf("y", 0), data: "NaN" }]);
    expect(odd.nodes[0]!.data).toBe(-Infinity);
    expect(odd.nodes[1]!.data).toBeNaN();
  });
});

describe("breakages", () => {
  const graph = readGraph(LESSON);
  const values = forward(graph, NONE);
  it("wrong order: gradients stop one step from the output", () =>
    expect(backward(graph, values, "order").grads).toEqual([0, 0, 0, 0, -2, 4, 1]));
  it("not zeroed: leaves double, inner nodes do not", () =>
    expect(backward(graph, values, "unzeroed").grads).toEqual([12, -8, -2, -4, -2, 8, 1]));
  it("overwrite: only the last contribution is left", () => {
    const shared = readGraph([leaf("a", 3), node("mul", "q", 0, 0), node("add", "r", 1, 0)]);
    const run = new Run(shared, NONE, "overwrite");
    expect(run.sweep.grads[0]).toBe(3);
    expect(run.wrong()).toEqual([0]);
  });
});

describe("steps", () => {
  const run = new Run(readGraph(LESSON), NONE, "none");
  it("go forward, seed, go backward, end", () =>
    expect(run.steps.map((step) => step.kind)).toEqual(["start", "forward", "forward", "forward", "seed", "backward", "backward", "backward", "end"]));
  it("reveal values as they are computed", () => {
    expect(run.valuesAt(0)).toEqual([2, -3, null, 10, null, -2, null]);
    expect(run.valuesAt(2)).toEqual([2, -3, -6, 10, 4, -2, null]);
    expect(run.valuesAt(4)).toEqual(run.values);
  });
  it("grow gradients from the seed", () => {
    expect(run.gradsAt(3)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(run.gradsAt(4)).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(run.gradsAt(8)).toEqual(run.sweep.grads);
  });
  it("serve a graph of one leaf", () => {
    const alone = new Run(readGraph([leaf("x", 5)]), NONE, "none");
    expect(alone.steps.map((step) => step.kind)).toEqual(["start", "seed", "end"]);
    expect(alone.gradsAt(2)).toEqual([1]);
  });
});
