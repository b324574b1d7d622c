// The graph of one row's loss, or of one neuron on it, as mgnn records it: nodes for the stepper, and
// the column in which each is drawn.

import type { WrittenNode } from "../graph";
import type { Subject } from "./engine";
import { Pass } from "./net";
import type { LossName } from "./settings";
import type { Training } from "./training";

export interface DrawnNode extends WrittenNode {
  column: number;
  /** Nodes beside whose middle it stands, where there is room. */
  own: number[];
}

/** Collects nodes, operands first. */
class Recorder {
  readonly nodes: DrawnNode[] = [];

  constructor(private readonly compute: (op: string, x: number[]) => number) {}

  private add(node: DrawnNode): number {
    return this.nodes.push(node) - 1;
  }

  leaf(name: string, data: number, column: number): number {
    return this.add({ kind: "leaf", op: "", name, data, operands: [], column, own: [] });
  }

  constant(data: number, column: number): number {
    return this.add({ kind: "constant", op: "", name: String(data).replace("-", "−"), data, operands: [], column, own: [] });
  }

  op(op: string, name: string, operands: number[], column: number, own: number[] = []): number {
    const data = this.compute(op, operands.map((operand) => Number(this.nodes[operand]!.data)));
    return this.add({ kind: "op", op, name, data, operands, column, own });
  }
}

/** The nodes of a subject, the output last. */
export function graphOf(training: Training, subject: Subject, compute: (op: string, x: number[]) => number): DrawnNode[] {
  const recorder = new Recorder(compute);
  if (subject.neuron) neuron(training, subject, subject.neuron, recorder);
  else loss(training, subject, recorder);
  return recorder.nodes;
}

/** Record one neuron; its parameters stand in `column`, its sum in the next, its output behind that. */
function record(training: Training, layer: number, unit: number, inputs: number[], one: number, column: number, recorder: Recorder, alone = false): number {
  const { net, settings } = training;
  const first = net.place(layer, unit);
  const weights = inputs.map((_, i) => recorder.leaf(`layers.${layer}.${unit}.w${i}`, net.params[first + i]!, column));
  const bias = recorder.leaf(`layers.${layer}.${unit}.b`, net.params[first + inputs.length]!, column);
  const last = layer === net.layers - 1;
  const sum = recorder.op("dot", last ? "output" : `z${layer}.${unit}`, [...weights, bias, ...inputs, one], column + 1, [...weights, bias]);
  return last ? sum : recorder.op(settings.activation, `h${layer}.${unit}`, [sum], column + 2, alone ? [sum] : []);
}

function neuron(training: Training, subject: Subject, [layer, unit]: [number, number], recorder: Recorder): void {
  const pass = new Pass(training.net, 1);
  const row = [Float64Array.of(subject.x1), Float64Array.of(subject.x2)];
  pass.forward(row);
  const below = layer ? pass.outs[layer - 1]! : row;
  const inputs = below.map((column, i) => recorder.leaf(layer ? `h${layer - 1}.${i}` : `x${i + 1}`, column[0]!, 0));
  record(training, layer, unit, inputs, recorder.constant(1, 0), 0, recorder, true);
}

function loss(training: Training, subject: Subject, recorder: Recorder): void {
  const { net } = training;
  let inputs = [recorder.leaf("x1", subject.x1, 0), recorder.leaf("x2", subject.x2, 0)];
  const one = recorder.constant(1, 0);
  for (let layer = 0; layer < net.layers; layer++) {
    const below = inputs;
    inputs = Array.from({ length: net.sizes[layer + 1]! }, (_, unit) => record(training, layer, unit, below, one, 2 * layer, recorder));
  }
  const out = inputs[0]!;
  const column = 2 * net.layers;
  const target = recorder.constant(training.loss.target(subject.label), column - 1);
  LOSS_GRAPHS[training.settings.loss](recorder, out, target, column);
}

type LossGraph = (recorder: Recorder, out: number, target: number, column: number) => number;

/** The formulas of mgnn.losses, node by node. */
const LOSS_GRAPHS: Record<LossName, LossGraph> = {
  binary_cross_entropy: (recorder, out, target, column) => {
    const first = recorder.op("softplus", "softplus", [out], column, [out]);
    return recorder.op("sub", "loss", [first, recorder.op("mul", "t × output", [target, out], column, [out])], column + 1, [out]);
  },
  hinge: (recorder, out, target, column) => {
    const product = recorder.op("mul", "t × output", [target, out], column, [out]);
    const margin = recorder.op("sub", "margin", [recorder.constant(1, column), product], column + 1, [out]);
    return recorder.op("relu", "loss", [margin], column + 2, [out]);
  },
  mse: (recorder, out, target, column) => {
    const error = recorder.op("sub", "error", [out, target], column, [out]);
    return recorder.op("mul", "loss", [error, error], column + 1, [out]);
  },
};
