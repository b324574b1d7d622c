// mgnn's update rules: SGD with momentum, Adam, AdamW, each with penalties (see mgnn/optim.py).

import { MOMENTUM, type Settings } from "./settings";

/** One update of all parameters by their gradients. */
export type Update = (params: Float64Array, grads: Float64Array) => void;

const [BETA1, BETA2, EPS] = [0.9, 0.999, 1e-8];

type Rule = Pick<Settings, "optimizer" | "lr" | "decay" | "l1">;

export function optimiser(rule: Rule, count: number): Update {
  if (rule.optimizer === "sgd") return sgd(rule, 0, count);
  if (rule.optimizer === "momentum") return sgd(rule, MOMENTUM, count);
  return adam(rule, count);
}

function sgd({ lr, decay, l1 }: Rule, momentum: number, count: number): Update {
  const velocity = new Float64Array(count);
  return (params, grads) => {
    for (let i = 0; i < count; i++) {
      let m = grads[i]! + decay * params[i]!;
      if (momentum) velocity[i] = m += momentum * velocity[i]!;
      params[i]! = shrunk(params[i]! - lr * m, lr * l1);
    }
  };
}

function adam({ optimizer, lr, decay, l1 }: Rule, count: number): Update {
  const [inGradient, besideIt] = optimizer === "adam" ? [decay, 0] : [0, decay];
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
      params[i]! = shrunk(params[i]!, lr * l1);
    }
  };
}

/** A number closer to 0, and 0 where it is closer already: what an L1 penalty does beside the rest. */
function shrunk(x: number, by: number): number {
  if (!by) return x;
  const size = Math.abs(x) - by;
  return size <= 0 ? 0 : x < 0 ? -size : size;
}
