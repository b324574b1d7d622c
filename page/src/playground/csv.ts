// The reader's own rows: a CSV of two columns of numbers and a class.

import type { Rows } from "./datasets";

export const MOST_ROWS = 5000;

export interface Table {
  /** Standardised: what is trained on. */
  rows: Rows;
  /** As they were given. */
  raw: [number, number][];
  /** Names of the two columns, and what the classes 0 and 1 were called. */
  columns: [string, string];
  classes: [string, string];
}

/** Read a CSV, or say what is wrong with it, where, and what to do. */
export function readCsv(text: string): Table | string {
  const lines = text.split(/\r?\n/).map((line, i) => ({ number: i + 1, cells: cellsOf(line) })).filter(({ cells }) => cells.some(Boolean));
  const first = lines[0];
  if (!first) return "The file is empty; it needs rows of two numbers and a class, such as 0.5,-1.2,yes.";
  const headed = first.cells.slice(0, 2).some((cell) => !isNumber(cell));
  const names = headed ? lines.shift()!.cells : ["x1", "x2", "class"];
  if (lines.length < 2) return "The file has fewer than two rows; one to train on and one to test with are the least.";
  if (lines.length > MOST_ROWS) return `The file has ${lines.length} rows; a playground takes ${MOST_ROWS} at most.`;
  const classes = new Map<string, number>();
  const [x1, x2, label]: number[][] = [[], [], []];
  for (const { number, cells } of lines) {
    if (cells.length !== 3) return `Line ${number} has ${cells.length} column${cells.length === 1 ? "" : "s"}; give two numbers and a class.`;
    for (const place of [0, 1]) if (!isNumber(cells[place]!)) return `Line ${number}, column ${place + 1}: “${cells[place]}” is no number.`;
    const name = cells[2]!;
    if (!classes.has(name)) classes.set(name, classes.size);
    if (classes.size > 2) return `Line ${number}: “${name}” is a third class beside “${[...classes.keys()].slice(0, 2).join("” and “")}”; a playground tells two apart.`;
    x1!.push(Number(cells[0]));
    x2!.push(Number(cells[1]));
    label!.push(classes.get(name)!);
  }
  const found = [...classes.keys()].sort(byNumber);
  if (found.length < 2) return `Every row has the class “${found[0]}”; two classes are needed.`;
  const second = classes.get(found[1]!)!;
  return tableOf({
    rows: x1!.map((x, i) => [x, x2![i]!]),
    labels: label!.map((k) => (k === second ? 1 : 0)),
    columns: [names[0] || "x1", names[1] || "x2"],
    classes: [found[0]!, found[1]!],
  });
}

/** Rows of the reader's own, as Python writes them into a page. */
export interface Own extends Pick<Table, "columns" | "classes"> {
  rows: [number, number][];
  labels: number[];
}

export function tableOf({ rows: raw, labels, columns, classes }: Own): Table {
  const [x1, x2] = [0, 1].map((k) => standardise(raw.map((row) => row[k]!))) as [Float64Array, Float64Array];
  return { rows: { x1, x2, label: Uint8Array.from(labels) }, raw, columns, classes };
}

const isNumber = (cell: string): boolean => cell !== "" && Number.isFinite(Number(cell));

/** Numbers in their order, else letters in theirs. */
function byNumber(a: string, b: string): number {
  return Number(a) - Number(b) || (a < b ? -1 : 1);
}

/** Cells parted by tabs, semicolons or commas, whichever the line has; quotes are taken off. */
function cellsOf(line: string): string[] {
  const mark = ["\t", ";"].find((candidate) => part(line, candidate).length > 1) ?? ",";
  const cells = part(line, mark).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").replaceAll('""', '"').trim());
  return mark === "," ? cells : cells.map(pointed);
}

/** Part a line at a mark, but not inside quotes. */
function part(line: string, mark: string): string[] {
  const cells = [""];
  let quoted = false;
  for (const letter of line) {
    if (letter === '"') quoted = !quoted;
    if (letter === mark && !quoted) cells.push("");
    else cells[cells.length - 1] += letter;
  }
  return cells;
}

/** A decimal comma, where commas part no cells, as a point. */
function pointed(cell: string): string {
  return /^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i.test(cell) ? cell.replace(",", ".") : cell;
}

/** Mean 0 and standard deviation 1, as mgview.playground.data.standardise does it. */
export function standardise(column: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(column);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return values.map((x) => (x - mean) / (deviation || 1));
}
