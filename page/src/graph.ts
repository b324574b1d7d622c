// The engine of the page: forward, local derivatives, and the backward pass, step by step.

import { OPS } from "./ops";

/** A number as Python wrote it into the page; JSON has no words for the last three. */
export type Written = number | "NaN" | "Infinity" | "-Infinity";

export interface WrittenNode {
  kind: "leaf" | "constant" | "op";
  op: string;
  name: string;
  data: Written;
  operands: number[];
  /** What Python says of an op that does not ship: its local derivatives, and its formula. */
  recorded?: { partials: Written[]; doc: string };
}

export interface Node extends Omit<WrittenNode, "data" | "recorded"> {
  index: number;
  data: number;
  recorded?: { partials: number[]; doc: string };
}

/** What an op's author says of it: its formula, and the text beside its rule. */
export interface Rule {
  doc: string;
  text: string;
}

/** Nodes in topological order, operands first; the last one is the output. */
export interface Graph {
  nodes: Node[];
  output: number;
  /** For each node, how many times other nodes use it. */
  uses: number[];
  /** Names of ops that only Python can compute. */
  foreign: string[];
  rules: Readonly<Record<string, Rule>>;
}

export function readGraph(written: WrittenNode[], rules: Readonly<Record<string, Rule>> = {}): Graph {
  const nodes = written.map((node, index): Node => {
    const { recorded, ...rest } = node;
    const plain: Node = { ...rest, index, data: Number(node.data) };
    if (recorded) plain.recorded = { doc: recorded.doc, partials: recorded.partials.map(Number) };
    return plain;
  });
  const uses = nodes.map(() => 0);
  for (const node of nodes) for (const operand of node.operands) uses[operand]!++;
  const foreign = [...new Set(nodes.filter((node) => node.recorded).map((node) => node.op))];
  return { nodes, output: nodes.length - 1, uses, foreign, rules };
}

/** Values of all nodes; `changed` replaces the numbers of some leaves. */
export function forward(graph: Graph, changed: ReadonlyMap<number, number>): number[] {
  const values: number[] = [];
  for (const node of graph.nodes) {
    if (node.kind !== "op" || node.recorded) {
      values.push(changed.get(node.index) ?? node.data);
    } else {
      const rules = OPS[node.op]!;
      values.push(rules.forward(node.operands.map((operand) => values[operand]!)));
    }
  }
  return values;
}

/** The first node that is no finite number although all its operands are. */
export function undefinedAt(graph: Graph, values: number[]): Node | undefined {
  return graph.nodes.find(
    (node) =>
      node.kind === "op" &&
      !Number.isFinite(values[node.index]) &&
      node.operands.every((operand) => Number.isFinite(values[operand])),
  );
}

/** Local derivatives of one node, for each of its operands. */
export function locals(node: Node, values: number[]): number[] {
  if (node.recorded) return node.recorded.partials;
  return OPS[node.op]!.partials(
    values[node.index]!,
    node.operands.map((operand) => values[operand]!),
  );
}

export type Breakage = "none" | "order" | "overwrite" | "unzeroed";

export interface Contribution {
  operand: number;
  /** Which operand of the node it is. */
  place: number;
  local: number;
  contribution: number;
  before: number;
  after: number;
}

/** One step backwards: through one node, to all its operands that are no constants. */
export interface BackwardStep {
  node: number;
  upstream: number;
  contributions: Contribution[];
}

export interface Sweep {
  /** Gradients before the first step, the output's own 1 included. */
  start: number[];
  steps: BackwardStep[];
  /** Gradients after the last step. */
  grads: number[];
}

/** The whole backward pass; a breakage makes one well-known mistake on purpose. */
export function backward(graph: Graph, values: number[], breakage: Breakage = "none"): Sweep {
  const start = graph.nodes.map(() => 0);
  if (breakage === "unzeroed") {
    const earlier = backward(graph, values).grads;
    for (const node of graph.nodes) if (node.kind === "leaf") start[node.index] = earlier[node.index]!;
  }
  start[graph.output] = 1;
  const grads = [...start];
  const order = graph.nodes.filter((node) => node.kind === "op");
  if (breakage !== "order") order.reverse();
  const steps = order.map((node): BackwardStep => {
    const upstream = grads[node.index]!;
    const partials = locals(node, values);
    const contributions: Contribution[] = [];
    node.operands.forEach((operand, place) => {
      if (graph.nodes[operand]!.kind === "constant") return;
      const local = partials[place]!;
      const contribution = upstream === 0 ? 0 : upstream * local;
      const before = grads[operand]!;
      const after = breakage === "overwrite" ? contribution : before + contribution;
      grads[operand] = after;
      contributions.push({ operand, place, local, contribution, before, after });
    });
    return { node: node.index, upstream, contributions };
  });
  return { start, steps, grads };
}

/** Gradients after the first `count` steps of a sweep. */
export function gradsAfter(sweep: Sweep, count: number): number[] {
  const grads = [...sweep.start];
  for (const step of sweep.steps.slice(0, count))
    for (const part of step.contributions) grads[part.operand] = part.after;
  return grads;
}
