// The weights of one neuron as fields to set by hand, each with its gradient and its last change.

import { byId, make, say } from "../dom";
import { full, parse, plain, reading } from "../format";
import type { Moment } from "./engine";
import type { Shape } from "./netview";

export class Weights {
  private readonly form = byId<HTMLFormElement>("weights");
  private open: { layer: number; neuron: number } | undefined;
  private fields: { index: number; input: HTMLInputElement; grad: Element; change: Element }[] = [];
  private readonly note = make("p", { role: "alert" });

  constructor(private readonly set: (index: number, value: number) => void) {
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Show the weights of a neuron, and go to one of them. */
  show(shape: Shape, layer: number, neuron: number, moment: Moment, wanted?: number): void {
    this.open = { layer, neuron };
    const inputs = shape.sizes[layer]!;
    const first = shape.place(layer, neuron);
    const title = layer === shape.layers - 1 ? "Weights of the output" : `Weights of neuron ${neuron + 1} of layer ${layer + 1}`;
    const close = make("button", { type: "button", "aria-label": "Close the weights" }, "×");
    close.addEventListener("click", () => this.hide());
    const rows = Array.from({ length: inputs + 1 }, (_, i) => this.row(shape, layer, first + i, i === inputs ? undefined : i));
    const head = ["from", "weight", "gradient", "last change"].map((text) => make("th", { scope: "col" }, text));
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
    this.form.replaceChildren(make("p", { class: "heading" }, make("strong", {}, title), close), make("div", { class: "wide" }, table), this.note);
    this.form.hidden = false;
    say(this.note, "");
    this.update(moment);
    const field = this.fields.find(({ index }) => index === wanted) ?? this.fields[0]!;
    field.input.focus();
    field.input.select();
  }

  private row(shape: Shape, layer: number, index: number, from: number | undefined): HTMLElement {
    if (index === shape.place(layer, this.open!.neuron)) this.fields = [];
    const name = from === undefined ? "1 (bias)" : layer === 0 ? `x${from + 1}` : `neuron ${from + 1}`;
    const input = make("input", { inputmode: "decimal", autocomplete: "off", "aria-label": `${shape.nameOf(index)}: weight from ${name}` });
    const [grad, change] = [make("td"), make("td")];
    this.fields.push({ index, input, grad, change });
    input.addEventListener("change", () => this.take(index, input));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      input.value = full(Math.round(((parse(input.value) ?? 0) + (event.key === "ArrowUp" ? 0.1 : -0.1)) * 1e6) / 1e6);
      this.take(index, input);
    });
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, input), grad, change);
  }

  private take(index: number, input: HTMLInputElement): void {
    const number = parse(input.value);
    const good = number !== undefined && Number.isFinite(number);
    say(this.note, good ? reading(input.value, number) : `“${input.value}” is no number; give one such as −0.5.`);
    input.toggleAttribute("aria-invalid", !good);
    if (good) this.set(index, number);
  }

  update(moment: Moment): void {
    if (!this.open || this.form.hidden) return;
    for (const { index, input, grad, change } of this.fields) {
      if (document.activeElement !== input || parse(input.value) !== undefined) {
        const text = full(moment.params[index]!);
        if (input.value !== text && document.activeElement !== input) input.value = text;
        else if (input.value === "") input.value = text;
      }
      say(grad, plain(moment.grads[index]!));
      say(change, plain(moment.change[index]!));
    }
  }

  hide(): void {
    this.form.hidden = true;
    this.open = undefined;
    this.fields = [];
  }
}
