// The stepper's page for one computation: Python wrote it with places for title, drawing and nodes.

import { byId, make } from "../dom";
import { OPS } from "../ops";
import { brief } from "../format";
import { CLOSE } from "../place";
import type { Subject } from "./engine";
import { drawingOf } from "./sampledrawing";
import { graphOf } from "./samplegraph";
import type { Training } from "./training";

export function titleOf({ neuron, x1, x2 }: Subject, layers: number): string {
  const row = `(${brief(x1)}, ${brief(x2)})`;
  if (!neuron) return `The loss of the row ${row}`;
  return neuron[0] === layers - 1 ? `The output for the row ${row}` : `Neuron ${neuron[1] + 1} of layer ${neuron[0] + 1} for the row ${row}`;
}

/** Fill in the page for a subject. */
export function fillPage(blank: string, training: Training, subject: Subject): string {
  const title = titleOf(subject, training.net.layers);
  const drawn = graphOf(training, subject, (op, x) => OPS[op]!.forward(x));
  const nodes = drawn.map(({ column: _, own: __, ...node }) => ({ ...node, data: Number.isFinite(node.data) ? node.data : String(node.data) }));
  const data = JSON.stringify(nodes).replaceAll("<", "\\u003c");
  return blank.replaceAll("@title@", () => title).replace("@svg@", () => drawingOf(drawn, title)).replace('"nodes":[]', () => `"nodes":${data}`);
}

/** A dialog with the stepper in a frame of its own, which each time is a new one. */
export class StepperDialog {
  private readonly dialog = byId<HTMLDialogElement>("stepper");

  constructor() {
    byId("close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.dialog.querySelector("iframe")?.remove());
    addEventListener("message", (event) => {
      const frame = this.dialog.querySelector("iframe");
      if (frame && event.source === frame.contentWindow && event.data === CLOSE) this.dialog.close();
    });
  }

  get open(): boolean {
    return this.dialog.open;
  }

  show(page: string, title: string): void {
    this.dialog.setAttribute("aria-label", title);
    this.dialog.querySelector("iframe")?.remove();
    this.dialog.showModal();
    this.dialog.append(make("iframe", { title, sandbox: "allow-scripts allow-downloads", srcdoc: page }));
  }
}
