// mgnn's update rules: SGD with momentum, Adam, AdamW (see mgnn/optim.py).

import { MOMENTUM, type OptimizerName } from "./settings";

/** One update of all parameters by their gradients. */
export type Update = (params: Float64Array, grads: Float64Array) => void;

const [BETA1, BETA2, EPS] = [0.9, 0.999, 1e-8];

export function optimiser(name: OptimizerName, lr: number, decay: number, count: number): Update {
  if (name === "sgd") return sgd(lr, 0, decay, count);
  if (name === "momentum") return sgd(lr, MOMENTUM, decay, count);
  return name === "adam" ? adam(lr, decay, 0, count) : adam(lr, 0, decay, count);
}

function sgd(lr: number, momentum: number, decay: number, count: number): Update {
  const velocity = new Float64Array(count);
  return (params, grads) => {
    for (let i = 0; i < count; i++) {
      let m = grads[i]! + decay * params[i]!;
      if (momentum) velocity[i] = m += momentum * velocity[i]!;
      params[i]! -= lr * m;
    }
  };
}

function adam(lr: number, inGradient: number, besideIt: number, count: number): Update {
  const first = new Float64Array(count);
  const second = new Float64Array(count);
  let t = 0;
  return (params, grads) => {
    t++;
    const [scale1, scale2] = [1 - BETA1 ** t, 1 - BETA2 ** t];
    for (let i = 0; i < count; i++) {
      const g = grads[i]! + inGradient * params[i]!;
      const m = (first[i] = BETA1 * first[i]! + (1 - BETA1) * g);
      const s = (second[i] = BETA2 * second[i]! + (1 - BETA2) * g * g);
      params[i]! -= lr * besideIt * params[i]!;
      params[i]! -= (lr * (m / scale1)) / (Math.sqrt(s / scale2) + EPS);
    }
  };
}
