// Dead neurons, saturated ones, vanishing gradients and divergence: named when they happen.

import type { Moment } from "./engine";

const SATURATED = 1e-3; // the largest slope of a saturated neuron
const VANISHED = 1e-3; // of the last hidden layer's gradient

export interface Warning {
  kind: "dead" | "saturated" | "vanishing" | "diverged" | "eager";
  text: string;
  /** Which neurons: layer and neuron, from 0. */
  neurons: [number, number][];
}

/** Slopes are the largest of each hidden neuron over the training rows, deltas the size of each layer's gradient. */
export function warnings(moment: Pick<Moment, "slopes" | "deltas" | "judged" | "backend">): Warning[] {
  if (!Number.isFinite(moment.judged.trainLoss))
    return [{ kind: "diverged", neurons: [], text: "The loss is no finite number any more: the steps were too large. Reset, and lower the learning rate." }];
  return [...stuck(moment.slopes), ...vanishing(moment.deltas), ...(moment.backend === "eager" ? [EAGER] : [])];
}

const EAGER: Warning = {
  kind: "eager",
  neurons: [],
  text: "The compiler did not take this net, so that the engine trains it, node by node: the same numbers, more slowly.",
};

function stuck(slopes: readonly (readonly number[])[]): Warning[] {
  const all = slopes.flatMap((layer, l) => layer.map((slope, n) => ({ slope, at: [l, n] as [number, number] })));
  const dead = all.filter(({ slope }) => slope === 0).map(({ at }) => at);
  const saturated = all.filter(({ slope }) => slope > 0 && slope < SATURATED).map(({ at }) => at);
  const found: Warning[] = [];
  if (dead.length)
    found.push({
      kind: "dead",
      neurons: dead,
      text: `Dead: ${list(dead)}. On every training row the slope of the activation is 0, so no gradient of the loss reaches ${dead.length > 1 ? "their" : "its"} weights: ${dead.length > 1 ? "they learn" : "it learns"} no more. A smaller learning rate, other first weights or another activation keep neurons alive.`,
    });
  if (saturated.length)
    found.push({
      kind: "saturated",
      neurons: saturated,
      text: `Saturated: ${list(saturated)}. On every training row the activation is flat (slope below ${SATURATED}), so almost no gradient comes through.`,
    });
  return found;
}

/** Deltas are root mean squares of d loss / d sum, by hidden layer. */
function vanishing(deltas: readonly number[]): Warning[] {
  const last = deltas[deltas.length - 1] ?? 0;
  const first = deltas[0] ?? 0;
  if (deltas.length < 2 || last === 0 || first >= VANISHED * last) return [];
  const times = first === 0 ? "to nothing" : `to 1/${Math.round(last / first).toLocaleString("en")}`;
  return [
    {
      kind: "vanishing",
      neurons: [],
      text: `Gradients vanish: on the way from layer ${deltas.length} back to layer 1 the gradient shrinks ${times}, so the first layer hardly learns. relu, a wider start (init) or fewer layers help.`,
    },
  ];
}

function list(neurons: [number, number][]): string {
  const names = neurons.map(([layer, neuron]) => `neuron ${neuron + 1} of layer ${layer + 1}`);
  return names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ").replace(/, ([^,]*)$/, " and $1");
}
