// Who trains: the page itself, or a server with native code. Pictures see only a moment.

import { columns, type Rows, type Split } from "./datasets";
import type { Grid } from "./grid";
import { type Columns, Pass } from "./net";
import type { Settings } from "./settings";
import { type Judged, Training } from "./training";

/** How the net stands at one moment. */
export interface Moment {
  epochs: number;
  params: Float64Array;
  /** Gradient of the mean training loss, here and now. */
  grads: Float64Array;
  /** What the last epoch added to each parameter. */
  change: Float64Array;
  judged: Judged;
  /** For each hidden neuron the largest size of its activation's slope over the training rows. */
  slopes: number[][];
  /** For each hidden layer the size of its gradient. */
  deltas: number[];
  /** What every neuron gives over the grid, by layer. */
  fields: (Float64Array | Float32Array)[][];
  /** Who trained on a server: "compiled", or "eager" where the compiler refused; empty before that. */
  backend?: string;
}

/** One row, or one neuron on it (layer and neuron, from 0): what a stepper shows. */
export interface Subject {
  x1: number;
  x2: number;
  label: number;
  neuron?: [number, number];
}

export interface Engine {
  /** Names of the activations that it can train. */
  readonly activations: readonly string[];
  begin(settings: Settings, rows: Split, grid: Grid): Promise<Moment>;
  /** Go on with other settings. */
  set(settings: Settings): Promise<void>;
  advance(epochs: number, grid: Grid): Promise<Moment>;
  edit(index: number, value: number, grid: Grid): Promise<Moment>;
  /** The page that steps through one computation. */
  stepper(subject: Subject): Promise<string>;
}

/** Trains in the page. */
export class LocalEngine implements Engine {
  private training: Training | undefined;
  private grid: { pass: Pass; of: Grid } | undefined;

  constructor(
    readonly activations: readonly string[],
    private readonly page: (training: Training, subject: Subject) => string,
  ) {}

  private get now(): Training {
    if (!this.training) throw new Error("nothing has begun");
    return this.training;
  }

  async begin(settings: Settings, rows: Split, grid: Grid): Promise<Moment> {
    this.training = new Training(settings, rows);
    this.grid = undefined;
    return this.moment(grid);
  }

  async set(settings: Settings): Promise<void> {
    this.now.set(settings);
  }

  async advance(epochs: number, grid: Grid): Promise<Moment> {
    for (let i = 0; i < epochs; i++) this.now.epoch();
    return this.moment(grid);
  }

  async edit(index: number, value: number, grid: Grid): Promise<Moment> {
    this.now.net.params[index] = value;
    return this.moment(grid);
  }

  async stepper(subject: Subject): Promise<string> {
    return this.page(this.now, subject);
  }

  private moment(grid: Grid): Moment {
    const { now } = this;
    const judged = now.judge();
    if (this.grid?.of !== grid) this.grid = { of: grid, pass: new Pass(now.net, grid.size ** 2) };
    this.grid.pass.forward(grid.columns);
    return {
      epochs: now.epochs,
      params: now.net.params,
      grads: now.grads,
      change: now.change,
      judged,
      slopes: now.pass.sums.slice(0, -1).map((layer, l) => layer.map((sums, n) => steepest(now, sums, now.pass.outs[l]![n]!))),
      deltas: now.pass.deltas.slice(0, -1).map(size),
      fields: this.grid.pass.outs,
    };
  }
}

function steepest(training: Training, sums: Float64Array, outs: Float64Array): number {
  const { partial } = training.net.activation;
  let most = 0;
  for (let row = 0; row < sums.length; row++) most = Math.max(most, Math.abs(partial(outs[row]!, sums[row]!)));
  return most;
}

function size(layer: Columns): number {
  let sum = 0;
  let count = 0;
  for (const column of layer) {
    for (const x of column) sum += x * x;
    count += column.length;
  }
  return Math.sqrt(sum / count);
}

/** The rows of a split as plain numbers, for a message. */
export function plainRows(rows: Rows): { x: [number, number][]; label: number[] } {
  const [x1, x2] = columns(rows) as [Float64Array, Float64Array];
  return { x: [...x1].map((x, i) => [x, x2[i]!]), label: [...rows.label] };
}
