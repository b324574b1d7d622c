// The same net as a Python script: the rows, every epoch, every change, and the picture.

import type { Entry, Live } from "./log";
import type { Table } from "./csv";
import { MOMENTUM, type OptimizerName, type Settings } from "./settings";

const quote = (text: string): string => JSON.stringify(text);

const OPTIMISERS: Record<OptimizerName, (rate: string) => string> = {
  sgd: (rate) => `optim.SGD(${rate})`,
  momentum: (rate) => `optim.SGD(${rate}, momentum=${MOMENTUM})`,
  adam: (rate) => `optim.Adam(${rate})`,
  adamw: (rate) => `optim.AdamW(${rate})`,
};

const optimiser = ({ optimizer, lr, decay, l1 }: Live): string => OPTIMISERS[optimizer](`lr=${lr}, weight_decay=${decay}${l1 ? `, l1=${l1}` : ""}`);

/** Write the script; `nameOf` names parameters, `table` are the reader's own rows. */
export function pythonScript(settings: Settings, log: readonly Entry[], nameOf: (index: number) => string, table?: Table): string {
  const { layers, activation, seed, init, loss } = settings;
  const sizes = [...layers, 1].join(", ");
  const now: Live = { ...settings };
  const lines = [
    `"""A net from the playground: 2-${[...layers, 1].join("-")}, ${activation}, on ${table ? "rows of one's own" : settings.data}."""`,
    "",
    "from mgnn import MLP, Trainer, optim",
    "from mgview.playground.data import draw, split, standardise, targets".replace(table ? "draw, " : ", standardise", ""),
    "from mgview.playground.picture import save_picture",
    "",
    ...rowsOf(settings, table),
    `train, test = split(rows, labels, share=${settings.train}, seed=${seed})`,
    `X, y = targets(train, ${quote(loss)})`,
    `held_out = targets(test, ${quote(loss)})`,
    "",
    `model = MLP(2, [${sizes}], activation=${quote(activation)}, seed=${seed}, init=${quote(init)})`,
    `trainer = Trainer(model, loss=${quote(loss)}, optimizer=${optimiser(now)})`,
    "parameters = dict(model.named_parameters())",
    "histories = []",
    ...log.flatMap((entry) => linesOf(entry, now, seed, nameOf)),
    "",
    'print("after training:", *(f"{p.data!r}" for p in model.parameters()))',
    `save_picture("playground.png", model, train, test, histories)`,
  ];
  return `${lines.join("\n")}\n`;
}

function rowsOf(settings: Settings, table?: Table): string[] {
  if (!table) {
    const { data, samples, noise, seed } = settings;
    return [`rows, labels = draw(${quote(data)}, samples=${samples}, noise=${noise}, seed=${seed})`];
  }
  const { raw, rows } = table;
  return [
    `rows = standardise([  # ${table.columns.join(", ").replace(/[\r\n]/g, " ")}`,
    ...raw.map(([x, y]) => `    [${x}, ${y}],`),
    "])",
    `labels = [int(k) for k in ${quote([...rows.label].join(""))}]`,
  ];
}

function linesOf(entry: Entry, now: Live, seed: number, nameOf: (index: number) => string): string[] {
  if (entry.kind === "edit") return [`parameters[${quote(nameOf(entry.index))}].data = ${pythonNumber(entry.value)}`];
  if (entry.kind === "train") {
    const batch = now.batch === 0 ? "None" : String(now.batch);
    return ["histories.append(", `    trainer.fit(X, y, epochs=${entry.epochs}, batch_size=${batch}, seed=${seed}, validation_data=held_out)`, ")"];
  }
  Object.assign(now, entry.change);
  return Object.keys(entry.change).every((name) => name === "batch") ? [] : [`trainer.restart(${optimiser(now)})`];
}

function pythonNumber(x: number): string {
  return Number.isInteger(x) ? `${x}.0`.replace(/^(-?\d+)e\+?(\d+)\.0$/, "$1e$2") : String(x);
}
