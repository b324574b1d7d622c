// What one row costs, and the slope of that by the net's output: mgnn's formulas.

import { OPS } from "../ops";
import type { LossName } from "./settings";

export interface Loss {
  /** What a class, 0 or 1, is to the loss. */
  target(label: number): number;
  value(output: number, target: number): number;
  slope(output: number, target: number): number;
}

const [softplus, sigmoid] = [OPS["softplus"]!.scalar!, OPS["sigmoid"]!.scalar!];
const sign = (label: number): number => 2 * label - 1;

export const LOSS: Record<LossName, Loss> = {
  binary_cross_entropy: {
    target: (label) => label,
    value: (output, target) => softplus.forward(output) - target * output,
    slope: (output, target) => sigmoid.forward(output) - target,
  },
  hinge: {
    target: sign,
    value: (output, target) => Math.max(0, 1 - target * output),
    slope: (output, target) => (1 - target * output > 0 ? -target : 0),
  },
  mse: {
    target: sign,
    value: (output, target) => (output - target) ** 2,
    slope: (output, target) => 2 * (output - target),
  },
};
