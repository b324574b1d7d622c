// A training in the page: epoch after epoch as mgnn.Trainer does it, with the same numbers.

import { OPS } from "../ops";
import { columns, type Rows, type Split } from "./datasets";
import { LOSS, type Loss } from "./losses";
import { type Columns, Net, Pass } from "./net";
import { optimiser, type Update } from "./optimisers";
import { Random } from "./random";
import type { Settings } from "./settings";

/** How the net stands to the rows: what a picture of it needs. */
export interface Judged {
  trainLoss: number;
  testLoss: number;
  /** Shares of rows on the right side. */
  trainScore: number;
  testScore: number;
}

const OPTIMISING = ["optimizer", "lr", "decay", "l1"] as const;

export class Training {
  readonly net: Net;
  readonly loss: Loss;
  /** Gradient of the mean loss of all training rows, where the net is now. */
  readonly grads: Float64Array;
  /** How much the last epoch changed each parameter. */
  readonly change: Float64Array;
  /** The training rows' own pass: sums, outs and deltas of every neuron. */
  readonly pass: Pass;
  epochs = 0;
  /** Epochs since the optimiser began; they number the orders of the rows. */
  private since = 0;
  private update: Update;
  private readonly testPass: Pass;
  private readonly batches = new Map<number, Batch>();
  private readonly targets: Float64Array;
  private readonly testTargets: Float64Array;

  constructor(
    public settings: Settings,
    readonly rows: Split,
  ) {
    this.net = new Net([2, ...settings.layers, 1], OPS[settings.activation]!.scalar!);
    this.net.draw(settings.seed, settings.init);
    this.loss = LOSS[settings.loss];
    this.grads = new Float64Array(this.net.params.length);
    this.change = new Float64Array(this.net.params.length);
    this.pass = new Pass(this.net, rows.train.label.length);
    this.testPass = new Pass(this.net, rows.test.label.length);
    this.targets = targetsOf(rows.train, this.loss);
    this.testTargets = targetsOf(rows.test, this.loss);
    this.update = this.optimiser();
  }

  private optimiser(): Update {
    return optimiser(this.settings, this.net.params.length);
  }

  /** Train on with other settings; another optimiser, rate or penalty starts its state afresh. */
  set(settings: Settings): void {
    const before = this.settings;
    this.settings = settings;
    if (OPTIMISING.every((name) => before[name] === settings[name])) return;
    this.update = this.optimiser();
    this.since = 0;
  }

  /** Train for one epoch. */
  epoch(): void {
    const { net, settings } = this;
    const n = this.targets.length;
    const order = new Random(`${settings.seed}/${this.since}`).order(n);
    const size = settings.batch ? Math.min(settings.batch, n) : n;
    const before = net.params.slice();
    for (let start = 0; start < n; start += size) {
      const batch = this.batch(Math.min(size, n - start));
      batch.fill(this.rows.train, this.targets, order, start);
      batch.pass.forward(batch.inputs);
      batch.pass.backward(this.loss, batch.targets, this.grads);
      this.update(net.params, this.grads);
    }
    for (let i = 0; i < before.length; i++) this.change[i] = net.params[i]! - before[i]!;
    this.epochs++;
    this.since++;
  }

  private batch(size: number): Batch {
    let batch = this.batches.get(size);
    if (!batch) this.batches.set(size, (batch = new Batch(this.net, size)));
    return batch;
  }

  /** Compute losses, scores, and the gradient of all training rows where the net is now. */
  judge(): Judged {
    const train = this.pass.forward(columns(this.rows.train));
    this.pass.backward(this.loss, this.targets, this.grads);
    const test = this.testPass.forward(columns(this.rows.test));
    return {
      trainLoss: mean(train, this.targets, this.loss),
      testLoss: mean(test, this.testTargets, this.loss),
      trainScore: score(train, this.rows.train),
      testScore: score(test, this.rows.test),
    };
  }
}

/** The rows of one update, and the room for their passes. */
class Batch {
  readonly pass: Pass;
  readonly inputs: Columns;
  readonly targets: Float64Array;

  constructor(net: Net, size: number) {
    this.pass = new Pass(net, size);
    this.inputs = [new Float64Array(size), new Float64Array(size)];
    this.targets = new Float64Array(size);
  }

  fill(rows: Rows, targets: Float64Array, order: Uint32Array, start: number): void {
    const [x1, x2] = this.inputs as [Float64Array, Float64Array];
    for (let k = 0; k < this.targets.length; k++) {
      const i = order[start + k]!;
      x1[k] = rows.x1[i]!;
      x2[k] = rows.x2[i]!;
      this.targets[k] = targets[i]!;
    }
  }
}

function targetsOf(rows: Rows, loss: Loss): Float64Array {
  return Float64Array.from(rows.label, (label) => loss.target(label));
}

function mean(outputs: Float64Array, targets: Float64Array, loss: Loss): number {
  let sum = 0;
  for (let i = 0; i < outputs.length; i++) sum += loss.value(outputs[i]!, targets[i]!);
  return sum / outputs.length;
}

function score(outputs: Float64Array, rows: Rows): number {
  let right = 0;
  for (let i = 0; i < outputs.length; i++) if (outputs[i]! > 0 === (rows.label[i] === 1)) right++;
  return right / outputs.length;
}
