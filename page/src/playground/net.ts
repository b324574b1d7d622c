// A net of dense layers, its parameters in the order of mgnn's parameters(), and its two passes over
// many rows at once. Numbers of a neuron for all rows stand side by side.

import type { Scalar } from "../rules";
import type { Loss } from "./losses";
import { Random } from "./random";
import type { Initialiser } from "./settings";

/** Columns of numbers: for each input or neuron one number a row. */
export type Columns = Float64Array[];

const DRAWS: Record<Initialiser, (random: Random, inputs: number) => number> = {
  uniform: (random) => random.uniform(-1, 1),
  he: (random, inputs) => random.gauss(0, (2 / inputs) ** 0.5),
  lecun: (random, inputs) => random.gauss(0, (1 / inputs) ** 0.5),
};

export class Net {
  readonly params: Float64Array;
  /** For each layer the place of its first parameter. */
  private readonly starts: number[] = [];

  /** Sizes are those of the inputs, the hidden layers and the output. */
  constructor(
    readonly sizes: readonly number[],
    readonly activation: Scalar,
  ) {
    let count = 0;
    for (let layer = 1; layer < sizes.length; layer++) {
      this.starts.push(count);
      count += (sizes[layer - 1]! + 1) * sizes[layer]!;
    }
    this.params = new Float64Array(count);
  }

  get layers(): number {
    return this.sizes.length - 1;
  }

  /** Where the weights of a neuron begin, layers counted from 0; its bias stands behind them. */
  place(layer: number, neuron: number): number {
    return this.starts[layer]! + neuron * (this.sizes[layer]! + 1);
  }

  /** Draw weights as mgnn.MLP(..., seed=seed, init=init) does; biases begin at 0. */
  draw(seed: number, init: Initialiser): void {
    const random = new Random(seed);
    for (let layer = 0; layer < this.layers; layer++)
      for (let neuron = 0; neuron < this.sizes[layer + 1]!; neuron++) {
        const inputs = this.sizes[layer]!;
        const first = this.place(layer, neuron);
        for (let i = 0; i < inputs; i++) this.params[first + i] = DRAWS[init](random, inputs);
        this.params[first + inputs] = 0;
      }
  }

  /** The name of a parameter, as in named_parameters(). */
  nameOf(index: number): string {
    for (let layer = 0; layer < this.layers; layer++) {
      const inputs = this.sizes[layer]!;
      const at = index - this.starts[layer]!;
      if (at >= (inputs + 1) * this.sizes[layer + 1]!) continue;
      const place = at % (inputs + 1);
      return `layers.${layer}.neurons.${Math.floor(at / (inputs + 1))}.${place === inputs ? "b" : `w.${place}`}`;
    }
    throw new RangeError(`there is no parameter ${index}`);
  }
}

/** What a net gives for rows, and the room to compute it in. */
export class Pass {
  /** Before the activation and after it, by layer and neuron; the last layer has none. */
  readonly sums: Columns[];
  readonly outs: Columns[];
  /** d loss / d sum of the last backward pass. */
  readonly deltas: Columns[];
  private readonly back: Columns[];
  private inputs: Columns = [];

  constructor(
    private readonly net: Net,
    readonly rows: number,
  ) {
    const room = (): Columns[] => net.sizes.slice(1).map((size) => Array.from({ length: size }, () => new Float64Array(rows)));
    this.sums = room();
    this.outs = room();
    this.deltas = room();
    this.back = room();
    this.outs[net.layers - 1] = this.sums[net.layers - 1]!;
  }

  /** Numbers of the net's output, one a row. */
  get output(): Float64Array {
    return this.sums[this.net.layers - 1]![0]!;
  }

  forward(inputs: Columns): Float64Array {
    const { net, rows } = this;
    const { forward } = net.activation;
    this.inputs = inputs;
    let below = inputs;
    for (let layer = 0; layer < net.layers; layer++) {
      for (let neuron = 0; neuron < net.sizes[layer + 1]!; neuron++) {
        const sum = this.sums[layer]![neuron]!;
        const first = net.place(layer, neuron);
        sum.fill(0);
        below.forEach((column, i) => addTimes(sum, column, net.params[first + i]!));
        const bias = net.params[first + below.length]!;
        for (let row = 0; row < rows; row++) sum[row]! += bias;
        if (layer === net.layers - 1) continue;
        const out = this.outs[layer]![neuron]!;
        for (let row = 0; row < rows; row++) out[row] = forward(sum[row]!);
      }
      below = this.outs[layer]!;
    }
    return this.output;
  }

  /** Walk back from the loss; gradients of its mean over the rows are written into `grads`. */
  backward(loss: Loss, targets: Float64Array, grads: Float64Array): void {
    const { net, rows, output } = this;
    const { partial } = net.activation;
    const share = 1 / rows;
    const last = this.deltas[net.layers - 1]![0]!;
    for (let row = 0; row < rows; row++) last[row] = share * loss.slope(output[row]!, targets[row]!);
    for (let layer = net.layers - 1; layer >= 0; layer--) {
      const below = layer ? this.outs[layer - 1]! : this.inputs;
      const back = layer ? this.back[layer - 1]! : [];
      for (const column of back) column.fill(0);
      for (let neuron = 0; neuron < net.sizes[layer + 1]!; neuron++) {
        const delta = this.deltas[layer]![neuron]!;
        const first = net.place(layer, neuron);
        below.forEach((column, i) => (grads[first + i] = inner(delta, column)));
        grads[first + below.length] = total(delta);
        back.forEach((column, i) => addTimes(column, delta, net.params[first + i]!));
      }
      back.forEach((column, neuron) => {
        const [delta, out, sum] = [this.deltas[layer - 1]![neuron]!, this.outs[layer - 1]![neuron]!, this.sums[layer - 1]![neuron]!];
        // what has no upstream gets none, whatever the slope, as everywhere in the engine
        for (let row = 0; row < rows; row++) delta[row] = column[row] === 0 ? 0 : column[row]! * partial(out[row]!, sum[row]!);
      });
    }
  }
}

function addTimes(sum: Float64Array, column: Float64Array, factor: number): void {
  for (let row = 0; row < sum.length; row++) sum[row]! += column[row]! * factor;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < a.length; row++) sum += a[row]! * b[row]!;
  return sum;
}

function total(a: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < a.length; row++) sum += a[row]!;
  return sum;
}
