// The drawing of the net: columns of neurons with what each gives over the plane, and edges as wide as
// their numbers. Neurons are buttons; the edges are painted behind them.

import { make, say } from "../dom";
import { plain } from "../format";
import type { Moment } from "./engine";
import { paint } from "./grid";
import type { Net } from "./net";
import type { Palette } from "./palette";
import { MOST_NEURONS } from "./settings";

export type Shows = "params" | "grads" | "change";

const WIDEST = 7; // pixels of an edge
const NEAR = 7; // pixels from a pointer to the edge it means
const WORDS: Record<Shows, string> = { params: "weight", grads: "gradient", change: "last change" };

/** What the reader does to the net. */
export interface NetActions {
  /** Add or take a neuron of a hidden layer, counted from 0. */
  resize(layer: number, by: 1 | -1): void;
  step(layer: number, neuron: number): void;
  /** Open the weights of a neuron; one of them may be meant. */
  weights(layer: number, neuron: number, index?: number): void;
  /** Tell about an edge; undefined when none is near any more. */
  point(index: number | undefined): void;
}

/** Only what names and places of parameters need. */
export type Shape = Pick<Net, "sizes" | "place" | "nameOf" | "layers">;

interface Edge {
  index: number;
  from: HTMLElement;
  to: HTMLElement;
  layer: number;
  neuron: number;
  ends: [number, number, number, number];
}

export class NetView {
  private readonly canvas = make("canvas", { class: "edges", "aria-hidden": "true" });
  private readonly columns = make("div", { class: "columns" });
  private pictures: HTMLCanvasElement[][] = [];
  private edges: Edge[] = [];
  private shape: Shape | undefined;
  private last: Moment | undefined;
  private lit: number | undefined;
  private shows: Shows = "params";

  constructor(
    frame: HTMLElement,
    private readonly actions: NetActions,
    private palette: Palette,
  ) {
    frame.replaceChildren(make("div", { class: "sheet" }, this.canvas, this.columns));
    new ResizeObserver(() => this.measure()).observe(this.columns);
    this.columns.addEventListener("pointermove", (event) => this.light(this.near(event)));
    this.columns.addEventListener("pointerleave", () => this.light(undefined));
    this.columns.addEventListener("click", (event) => {
      const edge = (event.target as Element).closest("button, canvas.unit") ? undefined : this.near(event);
      if (edge) this.actions.weights(edge.layer, edge.neuron, edge.index);
    });
  }

  /** Build the columns of a net. */
  build(shape: Shape): void {
    this.shape = shape;
    const { sizes, layers } = shape;
    this.pictures = Array.from({ length: layers }, () => []);
    const units: HTMLElement[][] = [];
    const columns = sizes.map((size, at) => {
      const cells = Array.from({ length: size }, (_, n) => (at === 0 ? input(n) : this.unit(at - 1, n)));
      units.push(cells);
      return make("div", { class: "column", role: "group", "aria-label": at === 0 ? "Inputs" : at === layers ? "Output" : `Layer ${at}` }, this.head(at), ...cells);
    });
    this.columns.replaceChildren(...columns);
    this.edges = sizes.slice(1).flatMap((size, layer) =>
      Array.from({ length: size }, (_, neuron) =>
        units[layer]!.map((from, i): Edge => ({ index: shape.place(layer, neuron) + i, from, to: units[layer + 1]![neuron]!, layer, neuron, ends: [0, 0, 0, 0] })),
      ).flat(),
    );
    this.measure();
  }

  /** The head of a column: its name, and buttons to add and take neurons. */
  private head(at: number): HTMLElement {
    const { sizes, layers } = this.shape!;
    if (at === 0 || at === layers) return make("p", { class: "head" }, at === 0 ? "Inputs" : "Output");
    const size = sizes[at]!;
    const button = (by: 1 | -1, words: string, off: boolean): HTMLElement => {
      const made = make("button", { type: "button", "aria-label": words, "data-layer": String(at - 1), "data-by": String(by), ...(off ? { disabled: "" } : {}) }, by > 0 ? "+" : "−");
      made.addEventListener("click", () => this.actions.resize(at - 1, by));
      return made;
    };
    const [less, more] = [button(-1, `Remove a neuron of layer ${at}`, size === 1), button(1, `Add a neuron to layer ${at}`, size >= MOST_NEURONS)];
    return make("div", { class: "head" }, make("p", {}, `Layer ${at}: ${size}`), make("p", { class: "pair" }, less, more));
  }

  private unit(layer: number, neuron: number): HTMLElement {
    const output = layer === this.shape!.layers - 1;
    const name = output ? "the output" : `neuron ${neuron + 1} of layer ${layer + 1}`;
    const picture = make("canvas", { class: "unit", "aria-hidden": "true" });
    this.pictures[layer]!.push(picture);
    const step = make("button", { type: "button", class: "neuron", "aria-label": `Step through ${name}`, title: `Step through ${name}` }, picture);
    step.addEventListener("click", () => this.actions.step(layer, neuron));
    const weights = make("button", { type: "button", class: "open", "aria-label": `Weights of ${name}`, title: `Weights of ${name}` }, "w");
    weights.addEventListener("click", () => this.actions.weights(layer, neuron));
    return make("div", { class: "cell", "data-neuron": `${layer}.${neuron}` }, step, weights);
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    if (this.last) this.show(this.last, this.shows);
  }

  /** Show a moment; neurons in `marked` bear a frame that warns. */
  show(moment: Moment, shows: Shows): void {
    this.last = moment;
    this.shows = shows;
    moment.fields.forEach((layer, l) =>
      layer.forEach((numbers, n) => {
        const picture = this.pictures[l]?.[n];
        if (picture) paint(picture, numbers, Math.sqrt(numbers.length), this.palette);
      }),
    );
    this.draw();
  }

  mark(neurons: readonly [number, number][]): void {
    const marked = new Set(neurons.map(([layer, neuron]) => `${layer}.${neuron}`));
    for (const cell of this.columns.querySelectorAll<HTMLElement>(".cell[data-neuron]")) cell.classList.toggle("stuck", marked.has(cell.dataset["neuron"]!));
  }

  /** A parameter in words, with all three of its numbers. */
  words(index: number): string {
    const { shape, last } = this;
    if (!shape || !last) return "";
    const numbers = (["params", "grads", "change"] as const).map((shows) => `${WORDS[shows]} ${plain(last[shows][index]!)}`);
    return `${shape.nameOf(index)}: ${numbers.join(", ")}`;
  }

  private measure(): void {
    const sheet = this.columns.getBoundingClientRect();
    if (!sheet.width) return;
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.round(sheet.width * scale);
    this.canvas.height = Math.round(sheet.height * scale);
    this.canvas.style.width = `${sheet.width}px`;
    this.canvas.style.height = `${sheet.height}px`;
    const boxes = new Map<HTMLElement, DOMRect>();
    const box = (cell: HTMLElement): DOMRect => {
      const known = boxes.get(cell);
      if (known) return known;
      const found = (cell.querySelector(".neuron") ?? cell).getBoundingClientRect();
      boxes.set(cell, found);
      return found;
    };
    for (const edge of this.edges) {
      const [from, to] = [box(edge.from), box(edge.to)];
      edge.ends = [from.right - sheet.left, from.top + from.height / 2 - sheet.top, to.left - sheet.left, to.top + to.height / 2 - sheet.top];
    }
    this.draw();
  }

  private draw(): void {
    const { canvas, last, palette } = this;
    const context = canvas.getContext("2d")!;
    const scale = devicePixelRatio || 1;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!last) return;
    const numbers = last[this.shows];
    const most = this.shows === "params" ? 1 : Math.max(1e-300, ...this.edges.map(({ index }) => Math.abs(numbers[index]!)).filter(Number.isFinite));
    for (const edge of this.edges) {
      const x = numbers[edge.index]!;
      const share = Math.abs(x) / most;
      context.strokeStyle = !Number.isFinite(x) ? palette.odd : x < 0 ? palette.negative : palette.positive;
      context.globalAlpha = edge.index === this.lit ? 1 : 0.35 + 0.55 * Math.min(1, share);
      // weights have one scale for all nets; gradients and changes differ by decades, the largest is widest
      context.lineWidth = edge.index === this.lit ? WIDEST + 1 : Math.max(0.4, WIDEST * (this.shows === "params" ? share / (1 + share) : Math.sqrt(share)));
      const [x0, y0, x1, y1] = edge.ends;
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** The edge under a pointer. */
  private near(event: PointerEvent | MouseEvent): Edge | undefined {
    const { left, top } = this.columns.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    let best: Edge | undefined;
    let least = NEAR;
    for (const edge of this.edges) {
      const [x0, y0, x1, y1] = edge.ends;
      if (x <= x0 || x >= x1) continue;
      const along = Math.hypot(x1 - x0, y1 - y0);
      const distance = Math.abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / along;
      if (distance < least) [best, least] = [edge, distance];
    }
    return best;
  }

  private light(edge: Edge | undefined): void {
    if (edge?.index === this.lit) return;
    this.lit = edge?.index;
    this.actions.point(this.lit);
    this.draw();
  }
}

function input(n: number): HTMLElement {
  const cell = make("div", { class: "cell input" });
  say(cell, `x${n + 1}`);
  return cell;
}
