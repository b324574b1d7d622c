// The drawing of the graph: Python drew it, this keeps its numbers and colours up to date.

import { say } from "./dom";
import { boxed, full, isOdd } from "./format";
import type { Flow, Live } from "./flow";
import type { Contribution, Graph } from "./graph";
import type { Rect } from "./labels";

const FAINTEST = 0.12;
const STRONGEST = 0.62;
const SPREAD = 0.4;

/** How strong a gradient's colour is: one scale for every picture, as in Python. */
export function strength(grad: number): number {
  if (grad === 0) return isOdd(grad) ? FAINTEST : 0;
  if (!Number.isFinite(grad)) return STRONGEST;
  const size = Math.abs(grad) ** SPREAD;
  return FAINTEST + ((STRONGEST - FAINTEST) * size) / (1 + size);
}

/** Where a box bears its numbers. */
export interface Fields {
  data: Element | null;
  gradient: Element | null;
  chip: Element | null;
  title: Element | null;
}

interface Parts extends Fields {
  box: SVGElement;
  /** What is shown now, so that only what changes is written. */
  value: number | null | undefined;
  grad: number | null | undefined;
}

export interface Shown {
  /** null where the number is not known yet at this step. */
  values: (number | null)[];
  grads: (number | null)[];
  current: number | undefined;
  /** Nodes whose gradient the current step changes. */
  touched: ReadonlySet<number>;
  /** Nodes whose gradient is wrong, with a breakage switched on. */
  wrong: ReadonlySet<number>;
  /** What goes backwards along the edges of this step. */
  parts: readonly Contribution[];
  /** Whether the reader has still to predict them. */
  secret: boolean;
  backwards: boolean;
}

export class Picture {
  private readonly parts: Parts[];
  private readonly edges = new Map<string, SVGElement>();
  private readonly far: SVGElement[] = [];
  /** The whole line of each edge, of which the stage may draw only what is in sight. */
  private readonly lines = new Map<SVGElement, string | null>();
  private marked: Element[] = [];

  constructor(
    private readonly graph: Graph,
    boxes: ReadonlyMap<string, SVGElement>,
    edges: readonly SVGElement[],
    private readonly flow: Flow,
    /** Where the boxes stand. */
    private readonly places: readonly Rect[],
  ) {
    this.parts = graph.nodes.map((node) => {
      const box = boxes.get(`n${node.index}`)!;
      return { ...fieldsOf(box), box, value: undefined, grad: undefined };
    });
    for (const edge of edges) {
      this.edges.set(`${edge.dataset["from"]}>${edge.dataset["to"]}`, edge);
      this.lines.set(edge, edge.getAttribute("d"));
    }
    for (const { box } of this.parts)
      for (const far of box.querySelectorAll<SVGElement>(".mgv-far")) {
        this.edges.set(`${far.dataset["from"]}>${far.dataset["to"]}`, far);
        this.far.push(far);
      }
  }

  /** The elements of a node or of an edge, by numbers of nodes. */
  elements(target: { node?: string; from?: string; to?: string }): Element[] {
    if (target.node !== undefined) return [this.parts[Number(target.node)]!.box];
    const edge = this.edges.get(`n${target.from}>n${target.to}`);
    const back = document.querySelectorAll(`.mgv-flow [data-from="n${target.from}"][data-to="n${target.to}"]`);
    return [...(edge ? [edge] : []), ...back];
  }

  /** Call a listener when a name that stands for a long edge is clicked. */
  onFar(listener: (index: number) => void): void {
    for (const far of this.far)
      far.addEventListener("click", (event) => {
        event.stopPropagation();
        listener(Number(far.dataset["from"]!.slice(1)));
      });
  }

  /** Show for a moment where a box is. */
  flash(index: number): void {
    const { box } = this.parts[index]!;
    box.classList.add("is-found");
    setTimeout(() => box.classList.remove("is-found"), 1500);
  }

  onClick(listener: (index: number) => void): void {
    this.parts.forEach(({ box }, index) => box.addEventListener("click", () => listener(index)));
  }

  show(shown: Shown): void {
    this.parts.forEach((parts, index) => {
      const value = shown.values[index] ?? null;
      const grad = shown.grads[index] ?? null;
      if (Object.is(parts.value, value) && Object.is(parts.grad, grad)) return;
      parts.value = value;
      parts.grad = grad;
      fill(parts, this.graph.nodes[index]!.name, value, grad);
    });
    this.mark(shown);
  }

  /** The edges that contributions go along; a name that stands for a long edge has no line. */
  private live(node: number, parts: readonly Contribution[]): (Omit<Live, "d"> & { d: string | null })[] {
    const byOperand = new Map<number, Contribution[]>();
    for (const part of parts) byOperand.set(part.operand, [...(byOperand.get(part.operand) ?? []), part]);
    return [...byOperand].flatMap(([operand, mine]) => {
      const edge = this.edges.get(`n${operand}>n${node}`);
      return edge ? [{ edge, d: this.lines.get(edge) ?? null, parts: mine }] : [];
    });
  }

  private mark(shown: Shown): void {
    for (const element of this.marked)
      element.classList.remove("is-current", "is-touched", "is-wrong", "is-live", "is-back");
    this.marked = [];
    const add = (element: Element | undefined, name: string): void => {
      if (!element) return;
      element.classList.add(name);
      this.marked.push(element);
    };
    if (shown.current !== undefined) {
      add(this.parts[shown.current]!.box, "is-current");
      for (const operand of this.graph.nodes[shown.current]!.operands)
        add(this.edges.get(`n${operand}>n${shown.current}`), "is-live");
    }
    this.flow.clear();
    if (shown.backwards && shown.current !== undefined) {
      const live = this.live(shown.current, shown.parts);
      for (const { edge } of live) add(edge, "is-back");
      this.flow.draw(live.flatMap(({ edge, d, parts }) => (d ? [{ edge, d, parts }] : [])), this.places, shown.secret);
    }
    for (const index of shown.touched) add(this.parts[index]!.box, "is-touched");
    for (const index of shown.wrong) add(this.parts[index]!.box, "is-wrong");
  }
}

export function fieldsOf(box: SVGElement): Fields {
  const find = (name: string): Element | null => box.querySelector(name);
  return { data: find(".mgv-data"), gradient: find(".mgv-gradient"), chip: find(".mgv-grad"), title: find("title") };
}

/** Write a node's numbers into its box; null is what is not known yet. */
export function fill(fields: Fields, name: string, value: number | null, grad: number | null): void {
  number(fields.data, value);
  number(fields.gradient, grad);
  colour(fields.chip, grad ?? 0);
  const data = value === null ? "not computed yet" : full(value);
  say(fields.title, `${name}: data ${data}, gradient ${grad === null ? "not known yet" : full(grad)}`);
}

function number(element: Element | null, x: number | null): void {
  say(element, x === null ? "?" : boxed(x));
  element?.classList.toggle("mgv-strange", x !== null && isOdd(x));
}

function colour(chip: Element | null, grad: number): void {
  if (!chip) return;
  chip.setAttribute("fill-opacity", strength(grad).toFixed(3));
  chip.classList.toggle("mgv-odd", isOdd(grad));
  chip.classList.toggle("mgv-pos", !isOdd(grad) && grad > 0);
  chip.classList.toggle("mgv-neg", !isOdd(grad) && grad <= 0);
}
