// A large graph with alike parts in one box: where the step is, and how far each part has come. A box
// opens by a click; what is drawn follows the step.

import { byId, make, say } from "./dom";
import type { Graph } from "./graph";
import { type Fields, fieldsOf, fill, type Shown } from "./picture";
import type { Loaded, Sheet, Stage } from "./stage";

export interface WrittenFold {
  /** The way to it: the names of the boxes opened, each after a slash; empty for the whole. */
  name: string;
  title: string;
  /** For each box the first and the last number of every run of its nodes. */
  boxes: Record<string, number[]>;
}

interface View extends Loaded {
  /** By node the box that holds it. */
  holder: Map<number, string>;
  members: Map<string, number[]>;
  fields: Map<string, Fields>;
}

const LEGIBLE = 0.92; // 12 pixels become 11

export class Folds {
  private readonly views = new Map<string, View>();
  private readonly written: ReadonlyMap<string, WrittenFold>;
  private at: string | undefined;
  private shown: Shown | undefined;

  constructor(
    folds: readonly WrittenFold[],
    private readonly graph: Graph,
    private readonly stage: Stage,
    private readonly whole: Sheet,
    private readonly visit: (index: number) => void,
    private readonly unfolded: () => void,
  ) {
    this.written = new Map(folds.map((fold) => [fold.name, fold]));
    if (!folds.length) return;
    byId("fold").addEventListener("click", () => this.go(this.at === undefined ? "" : undefined));
    const frame = byId("frame");
    frame.addEventListener("click", (event) => this.press(event.target as Element));
    frame.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === " ") && this.press(event.target as Element)) event.preventDefault();
      else if (event.key === "Escape" && this.at) this.go(above(this.at));
      else return;
      event.stopPropagation();
    });
  }

  /** Whether the folded graph is on the stage. */
  get on(): boolean {
    return this.at !== undefined;
  }

  /** Show a step, if the folded graph is on the stage. */
  show(shown: Shown): void {
    this.shown = shown;
    if (this.at === undefined) return;
    let name = this.at;
    const current = shown.current;
    if (current !== undefined) while (name && !this.view(name).holder.has(current)) name = above(name);
    if (name !== this.at) return this.go(name);
    this.fill(this.view(name), shown);
  }

  /** Bring a node into sight, in the innermost box that has a picture. */
  reveal(index: number): void {
    let name = "";
    for (;;) {
      const box = this.view(name).holder.get(index);
      if (box === undefined || !this.written.has(`${name}/${box}`)) break;
      name = `${name}/${box}`;
    }
    this.go(name);
    this.stage.centre(this.view(name).holder.get(index)!);
  }

  private go(name: string | undefined): void {
    this.at = name;
    byId("fold").setAttribute("aria-pressed", String(this.on));
    byId("folded").hidden = !this.on;
    if (name === undefined) {
      this.stage.swap(this.whole);
      this.unfolded();
    } else {
      this.stage.swap(this.view(name).sheet);
      this.trail(name);
      this.fill(this.view(name), this.shown!);
    }
    this.stage.fit(LEGIBLE);
    const current = this.shown?.current;
    if (current !== undefined) this.stage.centre(name === undefined ? `n${current}` : (this.view(name).holder.get(current) ?? ""));
  }

  private view(name: string): View {
    const known = this.views.get(name);
    if (known) return known;
    const { boxes: runs } = this.written.get(name)!;
    const loaded = this.stage.load(document.querySelector<HTMLTemplateElement>(`template[data-view="${CSS.escape(name)}"]`)!);
    const members = new Map(Object.entries(runs).map(([box, ends]) => [box, expand(ends)]));
    const holder = new Map([...members].flatMap(([box, nodes]) => nodes.map((node) => [node, box] as const)));
    const fields = new Map([...loaded.boxes].map(([box, element]) => [box, fieldsOf(element)]));
    const view = { ...loaded, members, holder, fields };
    this.views.set(name, view);
    return view;
  }

  private fill({ boxes, members, fields }: View, { values, grads, current, touched, wrong }: Shown): void {
    for (const [name, box] of boxes) {
      const nodes = members.get(name) ?? [];
      box.classList.toggle("is-current", current !== undefined && nodes.includes(current));
      box.classList.toggle("is-touched", nodes.some((node) => touched.has(node)));
      box.classList.toggle("is-wrong", nodes.some((node) => wrong.has(node)));
      const [only] = nodes;
      if (only === undefined) continue; // what stands around
      if (box.matches(".mgv-group")) progress(box, nodes, values, grads);
      else fill(fields.get(name)!, this.graph.nodes[only]!.name, values[only] ?? null, grads[only] ?? null);
    }
  }

  private trail(current: string): void {
    const names = current.split("/").slice(1);
    const ways = ["", ...names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`)];
    byId("trail").replaceChildren(
      ...ways.map((name) => {
        const button = make("button", { type: "button", ...(name === current ? { "aria-current": "page" } : {}) }, this.written.get(name)!.title);
        button.addEventListener("click", () => this.go(name));
        return make("li", {}, button);
      }),
    );
  }

  /** Open a folded box, or go to the step of a single one. */
  private press(target: Element): boolean {
    const name = target.closest<SVGElement>(".mgv-box")?.dataset["box"];
    if (this.at === undefined || name === undefined) return false;
    const [first] = this.view(this.at).members.get(name) ?? [];
    if (first === undefined) return false;
    const inside = `${this.at}/${name}`;
    if (this.written.has(inside)) {
      this.go(inside);
      byId("frame").focus({ preventScroll: true });
    } else {
      if (target.closest(".mgv-group")) this.go(undefined); // too deep for a picture of its own
      this.visit(first);
    }
    return true;
  }
}

const above = (name: string): string => name.slice(0, name.lastIndexOf("/"));

function expand(ends: readonly number[]): number[] {
  const found: number[] = [];
  for (let i = 0; i < ends.length; i += 2) for (let node = ends[i]!; node <= ends[i + 1]!; node++) found.push(node);
  return found;
}

/** How many of a box's nodes have their data, and how many a gradient. */
function progress(box: SVGElement, nodes: readonly number[], values: readonly (number | null)[], grads: readonly (number | null)[]): void {
  const [data, grad] = box.querySelectorAll(".mgv-key");
  const known = nodes.filter((node) => values[node] !== null).length;
  const reached = nodes.filter((node) => grads[node] !== null && grads[node] !== 0).length;
  say(data, `data: ${known} of ${nodes.length} known`);
  say(grad, `gradient: ${reached} of ${nodes.length} not 0`);
}
