// The form elements that hold the settings.

import { byId, make, say } from "../dom";
import type { Settings } from "./settings";

const CHOICES = ["activation", "optimizer", "loss", "init", "data"] as const;
const NUMBERS = ["lr", "decay", "l1", "batch"] as const;
const RANGES = ["samples", "noise", "train"] as const;

const WORDS: Record<(typeof RANGES)[number], (x: number) => string> = {
  samples: (x) => String(x),
  noise: (x) => String(x),
  train: (x) => `${Math.round(100 * x)} %`,
};

export class Controls {
  private seed = "";

  constructor(changed: (change: Partial<Settings>) => void) {
    for (const name of CHOICES) this.select(name).addEventListener("change", () => changed({ [name]: this.select(name).value }));
    for (const name of NUMBERS) this.select(name).addEventListener("change", () => changed({ [name]: Number(this.select(name).value) }));
    for (const name of RANGES) {
      const range = byId<HTMLInputElement>(name);
      range.addEventListener("input", () => say(byId(`${name}-shown`), WORDS[name](Number(range.value))));
      range.addEventListener("change", () => changed({ [name]: Number(range.value) }));
    }
    const seed = byId<HTMLInputElement>("seed");
    seed.addEventListener("change", () => {
      const number = Number(seed.value);
      if (seed.value && Number.isInteger(number) && number >= 0 && number <= Number.MAX_SAFE_INTEGER) changed({ seed: number });
      else seed.value = this.seed; // what cannot be a seed is none
    });
    byId("reseed").addEventListener("click", () => changed({ seed: Math.floor(Math.random() * 1e6) }));
  }

  private select(name: string): HTMLSelectElement {
    return byId<HTMLSelectElement>(name === "data" ? "data-set" : name);
  }

  /** Show settings; a number that is not offered is offered from now on. `own` counts rows of the reader's own. */
  show(settings: Settings, own: number | undefined): void {
    for (const name of [...CHOICES, ...NUMBERS]) {
      const select = this.select(name);
      const value = String(settings[name]);
      if (![...select.options].some((option) => option.value === value)) select.append(make("option", { value }, value));
      select.value = value;
    }
    for (const name of RANGES) {
      byId<HTMLInputElement>(name).value = String(settings[name]);
      say(byId(`${name}-shown`), WORDS[name](settings[name]));
    }
    byId<HTMLInputElement>("seed").value = this.seed = String(settings.seed);
    const csv = settings.data === "csv";
    for (const name of ["samples", "noise"] as const) byId<HTMLInputElement>(name).disabled = csv;
    if (csv) [own, "none"].forEach((words, i) => say(byId(`${RANGES[i]!}-shown`), String(words))); // those of a data set are of no use here
    this.select("data").querySelector<HTMLOptionElement>('option[value="csv"]')!.disabled = own === undefined;
    say(byId("depth"), `${settings.layers.length} hidden layer${settings.layers.length === 1 ? "" : "s"}`);
  }
}
