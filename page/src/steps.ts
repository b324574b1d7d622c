// The steps of the page: start, forward through each node, the seed, backward through each node.

import type { BackwardStep, Breakage, Graph, Node, Sweep } from "./graph";
import { backward, forward, gradsAfter } from "./graph";

export type Step =
  | { kind: "start" }
  | { kind: "forward"; node: Node; number: number; total: number }
  | { kind: "seed"; node: Node }
  | { kind: "backward"; node: Node; number: number; total: number; step: BackwardStep }
  | { kind: "end" };

/** Whether two gradients are the same but for rounding, however small they are. */
export function same(is: number, should: number): boolean {
  return Object.is(is, should) || Math.abs(is - should) <= 1e-12 * Math.abs(should);
}

/** One run of a graph on its present numbers, with or without a mistake made on purpose. */
export class Run {
  readonly values: number[];
  readonly sweep: Sweep;
  readonly right: number[];
  readonly steps: Step[];

  constructor(
    readonly graph: Graph,
    changed: ReadonlyMap<number, number>,
    readonly breakage: Breakage,
  ) {
    this.values = forward(graph, changed);
    this.sweep = backward(graph, this.values, breakage);
    this.right = breakage === "none" ? this.sweep.grads : backward(graph, this.values).grads;
    const ops = graph.nodes.filter((node) => node.kind === "op");
    const output = graph.nodes[graph.output]!;
    this.steps = [
      { kind: "start" },
      ...ops.map((node, i): Step => ({ kind: "forward", node, number: i + 1, total: ops.length })),
      { kind: "seed", node: output },
      ...this.sweep.steps.map(
        (step, i): Step => ({
          kind: "backward",
          node: graph.nodes[step.node]!,
          number: i + 1,
          total: this.sweep.steps.length,
          step,
        }),
      ),
      { kind: "end" },
    ];
  }

  private get seedAt(): number {
    return this.steps.length - this.sweep.steps.length - 2;
  }

  /** Whether the step at this place belongs to the backward pass. */
  isBackward(at: number): boolean {
    return at >= this.seedAt;
  }

  /** Values known at a step; null for what is still to be computed. */
  valuesAt(at: number): (number | null)[] {
    const step = this.steps[at]!;
    let last = -1;
    if (step.kind === "forward") last = step.node.index;
    else if (step.kind !== "start") last = this.graph.nodes.length;
    return this.graph.nodes.map((node, i) => (node.kind !== "op" || i <= last ? this.values[i]! : null));
  }

  /** Gradients at a step. */
  gradsAt(at: number): number[] {
    if (at < this.seedAt) {
      const start = [...this.sweep.start];
      start[this.graph.output] = this.graph.nodes[this.graph.output]!.kind === "leaf" ? start[this.graph.output]! : 0;
      return start;
    }
    return gradsAfter(this.sweep, at - this.seedAt);
  }

  /** Nodes whose gradient ends up wrong. */
  wrong(): number[] {
    return this.graph.nodes
      .map((node) => node.index)
      .filter((i) => {
        const [is, should] = [this.sweep.grads[i]!, this.right[i]!];
        return !same(is, should);
      });
  }
}
