// Edit a leaf's number: everything is computed again, here in the page.

import { byId, make, say } from "./dom";
import { slope } from "./explain";
import { equals, full, parseAny, plain, reading } from "./format";
import type { Graph } from "./graph";
import { nameOf, rich } from "./rich";

const MOST = 60;
const FEW = 20; // fields that may stand open from the start

export class Leaves {
  readonly changed = new Map<number, number>();
  private readonly list = byId("leaves");
  private readonly note = byId("leaf-note");
  private readonly inputs = new Map<number, HTMLInputElement>();

  constructor(
    private readonly graph: Graph,
    private readonly apply: () => string | undefined,
    private readonly measure: (index: number) => { out: number; grad: number },
  ) {
    const leaves = graph.nodes.filter((node) => node.kind === "leaf");
    for (const node of leaves.slice(0, MOST)) this.add(node.index);
    if (leaves.length > FEW) byId<HTMLDetailsElement>("edit").open = false;
    if (leaves.length > MOST)
      say(byId("leaf-more"), `Only the first ${MOST} of ${leaves.length} leaves are listed; click another one in the drawing to add it.`);
    byId("leaf-how").hidden = graph.foreign.length > 0;
    if (graph.foreign.length) {
      say(
        byId("leaf-off"),
        `Editing is off: this page does not compute ${graph.foreign.join(", ")}; only Python does. ` +
          "The numbers here were recorded when the page was saved; change them in Python and save again.",
      );
    }
    byId("restore").addEventListener("click", () => this.restore());
    byId<HTMLButtonElement>("restore").disabled = graph.foreign.length > 0;
  }

  /** Put the cursor into a leaf's field; add the field first where it is not listed. */
  focus(index: number): void {
    if (!this.inputs.has(index)) this.add(index);
    byId<HTMLDetailsElement>("edit").open = true;
    const input = this.inputs.get(index)!;
    input.focus();
    input.select();
  }

  private add(index: number): void {
    const { name } = this.graph.nodes[index]!;
    const input = make("input", { id: `leaf-${index}`, inputmode: "text", autocomplete: "off" });
    input.value = full(this.changed.get(index) ?? this.graph.nodes[index]!.data);
    input.disabled = this.graph.foreign.length > 0;
    input.addEventListener("change", () => this.edit(index, input));
    this.inputs.set(index, input);
    const label = make("label", { for: `leaf-${index}`, class: "scrub", title: `${name}: drag to nudge` }, name);
    this.list.append(make("p", {}, label, input));
    if (!input.disabled) this.listenToNudges(index, label, input);
  }

  private valueOf(index: number): number {
    return this.changed.get(index) ?? this.graph.nodes[index]!.data;
  }

  /** Drag the name sideways, or press up and down in the field: the number moves, and the output with it. */
  private listenToNudges(index: number, label: HTMLElement, input: HTMLInputElement): void {
    let from: { x: number; value: number; out: number; grad: number } | undefined;
    const begin = (x: number): void => {
      from = { x, value: this.valueOf(index), ...this.measure(index) };
    };
    const move = (steps: number): void => {
      const unit = Math.max(Math.abs(from!.value), 1) / 100;
      this.nudge(index, Number((from!.value + steps * unit).toPrecision(6)), from!, input);
    };
    label.addEventListener("pointerdown", (event) => {
      begin(event.clientX);
      label.setPointerCapture(event.pointerId);
    });
    label.addEventListener("pointermove", (event) => {
      if (from && Math.abs(event.clientX - from.x) >= 2) move(Math.round((event.clientX - from.x) / 2));
    });
    for (const end of ["pointerup", "pointercancel"] as const) label.addEventListener(end, () => (from = undefined));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      begin(0);
      move(event.key === "ArrowUp" ? 1 : -1);
      from = undefined;
    });
  }

  private nudge(index: number, value: number, from: { value: number; out: number; grad: number }, input: HTMLInputElement): void {
    const before = this.valueOf(index);
    this.changed.set(index, value);
    const problem = this.apply();
    if (problem) {
      this.changed.set(index, before);
      say(this.note, problem);
      return;
    }
    say(this.note, "");
    input.value = full(value);
    const { out } = this.measure(index);
    const [name, end] = [nameOf(this.graph, index), nameOf(this.graph, this.graph.output)];
    const [dx, dy] = [value - from.value, out - from.out];
    const text =
      `${name} from ${plain(from.value)} to ${plain(value)}: ${end} from ${plain(from.out)} to ${plain(out)}. ` +
      `Δ${end}/Δ${name} ≈ ${plain(dy / dx).replace("≈", "")}; ${slope(this.graph, this.graph.output, index)} at ${plain(from.value)} ${equals(from.grad)}`;
    byId("nudge").replaceChildren(...(dx === 0 ? [] : rich(this.graph, text)));
  }

  private edit(index: number, input: HTMLInputElement): void {
    byId("nudge").replaceChildren();
    const number = parseAny(input.value);
    const before = this.changed.get(index) ?? this.graph.nodes[index]!.data;
    let problem: string | undefined;
    if (number === undefined) {
      problem = `“${input.value}” is no number that a leaf can hold.`;
    } else {
      this.changed.set(index, number);
      problem = this.apply();
    }
    input.setAttribute("aria-invalid", String(Boolean(problem)));
    if (!problem) {
      say(this.note, reading(input.value, number!));
      input.value = full(number!);
      return;
    }
    this.changed.set(index, before);
    input.value = full(before);
    input.removeAttribute("aria-invalid");
    say(this.note, `${problem} ${this.graph.nodes[index]!.name} stays ${full(before)}.`);
    this.apply();
  }

  private restore(): void {
    this.changed.clear();
    for (const [index, input] of this.inputs) input.value = full(this.graph.nodes[index]!.data);
    say(this.note, "");
    byId("nudge").replaceChildren();
    this.apply();
  }
}
