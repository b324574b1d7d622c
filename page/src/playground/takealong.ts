// What the reader takes along: the script, the weights.

import { byId, say } from "../dom";
import { download } from "../saving";
import type { Moment } from "./engine";
import type { Shape } from "./netview";

/** Let the buttons copy and save; the script is written when it is wanted. */
export class TakeAlong {
  private readonly card = byId<HTMLDetailsElement>("script-card");

  constructor(private readonly script: () => string, weights: () => { shape: Shape; moment: Moment } | undefined, tell: (text: string) => void) {
    this.card.addEventListener("toggle", () => this.refresh());
    byId("copy-script").addEventListener("click", () => void this.copy(tell));
    byId("save-script").addEventListener("click", () => download("playground.py", new Blob([script()], { type: "text/x-python" })));
    byId("save-weights").addEventListener("click", () => {
      const now = weights();
      if (now) download("weights.json", new Blob([stateOf(now.shape, now.moment)], { type: "application/json" }));
    });
  }

  refresh(): void {
    if (this.card.open) say(byId("script"), this.script());
  }

  private async copy(tell: (text: string) => void): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.script());
      tell("The script is on the clipboard.");
    } catch {
      this.card.open = true; // a page from a file may have no clipboard: let the reader take it
      this.refresh();
      getSelection()?.selectAllChildren(byId("script"));
      tell("The script is marked; copy it with Ctrl+C.");
    }
  }
}

/** The numbers of all parameters by name: json for model.load_state_dict(...). */
export function stateOf(shape: Shape, moment: Moment): string {
  const lines = Array.from(moment.params, (x, i) => `  ${JSON.stringify(shape.nameOf(i))}: ${x}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}
