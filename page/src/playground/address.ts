// Settings and log in the address of the page: #data=moons&layers=8-8&lr=0.03&run=120

import { type Entry, type Live, readLog, writeLog } from "./log";
import { DATA_SETS, INITIALISERS, LOSSES, MOST_LAYERS, MOST_NEURONS, MOST_SAMPLES, OPTIMIZERS, type Settings } from "./settings";

type Reader<T> = (text: string) => T | undefined;

const oneOf =
  <T extends string>(names: readonly T[]): Reader<T> =>
  (text) =>
    names.find((name) => name === text);

const between =
  (low: number, high: number, whole = false): Reader<number> =>
  (text) => {
    const number = text.trim() === "" ? NaN : Number(text);
    return number >= low && number <= high && (!whole || Number.isInteger(number)) ? number : undefined;
  };

const sizes: Reader<number[]> = (text) => {
  const layers = text === "" ? [] : text.split("-").map(Number);
  const fit = layers.length <= MOST_LAYERS && layers.every((size) => Number.isInteger(size) && size >= 1 && size <= MOST_NEURONS);
  return fit ? layers : undefined;
};

/** How each setting is read; what cannot be is left as it is. */
function readers(activations: readonly string[], own: boolean): { [K in keyof Settings]: Reader<Settings[K]> } {
  return {
    data: oneOf<string>(own ? [...DATA_SETS, "csv"] : DATA_SETS),
    samples: between(2, MOST_SAMPLES, true),
    noise: between(0, 1),
    train: between(0.01, 0.99),
    seed: between(0, Number.MAX_SAFE_INTEGER, true),
    layers: sizes,
    activation: oneOf(activations),
    init: oneOf(INITIALISERS),
    loss: oneOf(LOSSES),
    optimizer: oneOf(OPTIMIZERS),
    lr: between(0, 100),
    decay: between(0, 100),
    l1: between(0, 100),
    batch: between(0, MOST_SAMPLES, true),
  };
}

export interface Place {
  settings: Settings;
  log: Entry[];
  /** Whether it speaks of rows of the reader's own that are not here: no address holds them. */
  rowsMissing: boolean;
}

/** Read an address; `own` tells whether there are rows of the reader's own. */
export function readAddress(hash: string, defaults: Settings, activations: readonly string[], own: boolean): Place {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const read = readers(activations, own);
  const settings: Record<string, unknown> = { ...defaults };
  for (const name of Object.keys(read) as (keyof Settings)[]) {
    const text = words.get(name);
    const found = text === null ? undefined : read[name](text);
    if (found !== undefined) settings[name] = found;
  }
  const whole = settings as unknown as Settings;
  const live = (name: string, value: string): Partial<Live> | undefined => {
    if (!["optimizer", "lr", "decay", "l1", "batch"].includes(name)) return undefined;
    const found = read[name as keyof Live](value);
    return found === undefined ? undefined : { [name]: found };
  };
  const log = readLog(words.get("run") ?? "", countParams(whole.layers), live);
  return { settings: whole, log, rowsMissing: words.get("data") === "csv" && !own };
}

export function countParams(layers: readonly number[]): number {
  const all = [2, ...layers, 1];
  return all.slice(1).reduce((sum, size, i) => sum + size * (all[i]! + 1), 0);
}

export function writeAddress(settings: Settings, log: readonly Entry[]): string {
  const words = Object.entries(settings).map(([name, value]) => `${name}=${Array.isArray(value) ? value.join("-") : encodeURIComponent(String(value))}`);
  const run = writeLog(log);
  return `#${words.join("&")}${run ? `&run=${run}` : ""}`;
}
