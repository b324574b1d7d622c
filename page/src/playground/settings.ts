// What a playground is set to: plain data, the same names as in Python.

export const DATA_SETS = ["circle", "xor", "gauss", "spiral", "moons"] as const;
export const LOSSES = ["binary_cross_entropy", "hinge", "mse"] as const;
export const OPTIMIZERS = ["sgd", "momentum", "adam", "adamw"] as const;
export const INITIALISERS = ["uniform", "he", "lecun"] as const;

export type LossName = (typeof LOSSES)[number];
export type OptimizerName = (typeof OPTIMIZERS)[number];
export type Initialiser = (typeof INITIALISERS)[number];

export interface Settings {
  /** One of the data sets, or "csv" for the reader's own rows. */
  data: string;
  samples: number;
  /** Standard deviation of what is added to both columns. */
  noise: number;
  /** Share of the rows to train on; the rest are the test. */
  train: number;
  seed: number;
  /** Sizes of the hidden layers. */
  layers: number[];
  activation: string;
  init: Initialiser;
  loss: LossName;
  optimizer: OptimizerName;
  lr: number;
  /** Weight decay: 2 alpha for a penalty alpha times the sum of squares. */
  decay: number;
  /** What an L1 penalty multiplies the sum of absolute parameters by. */
  l1: number;
  /** Rows of an update; 0 for all. */
  batch: number;
}

export const MOST_LAYERS = 6;
export const MOST_NEURONS = 12;
export const MOST_SAMPLES = 2000;
export const MOMENTUM = 0.9;

/** Settings that begin a new net; the others go on with the present one. */
export const FRESH: readonly (keyof Settings)[] = ["data", "samples", "noise", "train", "seed", "layers", "activation", "init", "loss"];
