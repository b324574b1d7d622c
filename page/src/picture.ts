// The drawing of the graph: Python drew it, this keeps its numbers and colours up to date.

import { say } from "./dom";
import { boxed } from "./format";
import type { Graph } from "./graph";

const FAINTEST = 0.12;
const STRONGEST = 0.62;

interface Parts {
  box: SVGElement;
  data: Element | null;
  gradient: Element | null;
  chip: Element | null;
  title: Element | null;
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
}

export class Picture {
  private readonly parts: Parts[];
  private readonly edges = new Map<string, Element>();
  private marked: Element[] = [];

  constructor(
    private readonly graph: Graph,
    boxes: ReadonlyMap<string, SVGElement>,
    edges: readonly SVGElement[],
  ) {
    this.parts = graph.nodes.map((node) => {
      const box = boxes.get(`n${node.index}`)!;
      return {
        box,
        data: box.querySelector(".mgv-data"),
        gradient: box.querySelector(".mgv-gradient"),
        chip: box.querySelector(".mgv-grad"),
        title: box.querySelector("title"),
      };
    });
    for (const edge of edges) this.edges.set(`${edge.dataset["from"]}>${edge.dataset["to"]}`, edge);
  }

  onClick(listener: (index: number) => void): void {
    this.parts.forEach(({ box }, index) => box.addEventListener("click", () => listener(index)));
  }

  show(shown: Shown): void {
    const known = shown.grads.filter((grad): grad is number => grad !== null);
    const top = known.reduce((most, grad) => (Number.isFinite(grad) ? Math.max(most, Math.abs(grad)) : most), 0);
    this.parts.forEach((parts, index) => {
      const value = shown.values[index] ?? null;
      const grad = shown.grads[index] ?? null;
      say(parts.data, value === null ? "?" : boxed(value));
      say(parts.gradient, grad === null ? "?" : boxed(grad));
      this.colour(parts, grad ?? 0, top);
      const name = this.graph.nodes[index]!.name;
      say(parts.title, `${name}: data ${value ?? "not computed yet"}, gradient ${grad ?? "not known yet"}`);
    });
    this.mark(shown);
  }

  private colour({ chip }: Parts, grad: number, top: number): void {
    if (!chip) return;
    const share = Number.isFinite(grad) ? Math.min(1, Math.abs(grad) / (top || 1)) : 1;
    const opacity = grad === 0 ? 0 : FAINTEST + (STRONGEST - FAINTEST) * Math.sqrt(share);
    const text = opacity.toFixed(3);
    if (chip.getAttribute("fill-opacity") !== text) chip.setAttribute("fill-opacity", text);
    chip.classList.toggle("mgv-pos", grad > 0);
    chip.classList.toggle("mgv-neg", grad <= 0);
  }

  private mark(shown: Shown): void {
    for (const element of this.marked)
      element.classList.remove("is-current", "is-touched", "is-wrong", "is-live");
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
    for (const index of shown.touched) add(this.parts[index]!.box, "is-touched");
    for (const index of shown.wrong) add(this.parts[index]!.box, "is-wrong");
  }
}
