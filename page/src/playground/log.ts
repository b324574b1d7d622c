// What was done since the net was new, in short words: epochs trained, settings changed, weights set
// by hand. From the first settings and this log, everything can be done again.

import type { Settings } from "./settings";

/** Settings that may change without beginning anew. */
export type Live = Pick<Settings, "optimizer" | "lr" | "decay" | "l1" | "batch">;

export type Entry =
  | { kind: "train"; epochs: number }
  | { kind: "set"; change: Partial<Live> }
  | { kind: "edit"; index: number; value: number };

/** Add an entry; epochs in a row become one, so do changes of settings. */
export function note(log: Entry[], entry: Entry): void {
  const last = log[log.length - 1];
  if (entry.kind === "train" && last?.kind === "train") last.epochs += entry.epochs;
  else if (entry.kind === "set" && last?.kind === "set") Object.assign(last.change, entry.change);
  else if (entry.kind === "edit" && last?.kind === "edit" && last.index === entry.index) last.value = entry.value;
  else log.push(entry);
}

/** A log as a word of the address: 37_lr:0.01_w5:0.25_12. */
export function writeLog(log: readonly Entry[]): string {
  return log
    .flatMap((entry) => {
      if (entry.kind === "train") return [String(entry.epochs)];
      if (entry.kind === "edit") return [`w${entry.index}:${entry.value}`];
      return Object.entries(entry.change).map(([name, value]) => `${name}:${value}`);
    })
    .join("_");
}

const MOST_EPOCHS = 100_000;

/** Read a log; what makes no sense is left out. */
export function readLog(text: string, params: number, live: (name: string, value: string) => Partial<Live> | undefined): Entry[] {
  const log: Entry[] = [];
  for (const word of text.split("_")) {
    const [name, value] = word.split(":") as [string, string?];
    if (value === undefined) {
      const epochs = Number(name);
      if (Number.isInteger(epochs) && epochs > 0 && epochs <= MOST_EPOCHS) note(log, { kind: "train", epochs });
    } else if (/^w\d+$/.test(name)) {
      const index = Number(name.slice(1));
      if (index < params && value !== "" && Number.isFinite(Number(value))) note(log, { kind: "edit", index, value: Number(value) });
    } else {
      const change = live(name, value);
      if (change) note(log, { kind: "set", change });
    }
  }
  return log;
}
