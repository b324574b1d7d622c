// Edit a leaf's number: everything is computed again, here in the page.

import { byId, make, say } from "./dom";
import { full, parse, reading } from "./format";
import type { Graph } from "./graph";

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
  ) {
    const leaves = graph.nodes.filter((node) => node.kind === "leaf");
    for (const node of leaves.slice(0, MOST)) this.add(node.index);
    if (leaves.length > FEW) byId<HTMLDetailsElement>("edit").open = false;
    if (leaves.length > MOST)
      say(byId("leaf-more"), `Only the first ${MOST} of ${leaves.length} leaves are listed; click another one in the drawing to add it.`);
    if (graph.foreign.length) {
      say(
        byId("leaf-off"),
        `Editing is off: this graph uses ${graph.foreign.join(", ")} from a plugin, and only Python can compute ` +
          "that. The numbers here were recorded when the page was saved; change them in Python and save again.",
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
    this.list.append(make("p", {}, make("label", { for: `leaf-${index}` }, name), input));
  }

  private edit(index: number, input: HTMLInputElement): void {
    const number = parse(input.value);
    const before = this.changed.get(index) ?? this.graph.nodes[index]!.data;
    let problem: string | undefined;
    if (number === undefined || !Number.isFinite(number)) {
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
    this.apply();
  }
}
