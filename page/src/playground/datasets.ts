// The data sets, drawn row by row as mgview/playground/data.py draws them.

import { Random } from "./random";
import type { Columns } from "./net";
import type { Settings } from "./settings";

/** Rows of two columns, and the class of each, 0 or 1. */
export interface Rows {
  x1: Float64Array;
  x2: Float64Array;
  label: Uint8Array;
}

/** The rows to train on, and the rest. */
export interface Split {
  train: Rows;
  test: Rows;
}

type Point = readonly [number, number, number];
const TURN = 2 * Math.PI;

/** One point: its two columns and its class, for row i of n. */
const POINTS: Record<string, (random: Random, i: number, n: number) => Point> = {
  circle: (random, i) => {
    const inside = i % 2;
    const radius = inside ? random.uniform(0, 1) : random.uniform(1.4, 2);
    const angle = random.uniform(0, TURN);
    return [radius * Math.cos(angle), radius * Math.sin(angle), inside];
  },
  xor: (random) => {
    const [x, y] = [random.uniform(-2, 2), random.uniform(-2, 2)];
    return [x + (x < 0 ? -0.1 : 0.1), y + (y < 0 ? -0.1 : 0.1), x * y >= 0 ? 1 : 0];
  },
  gauss: (random, i) => {
    const centre = i % 2 ? 1 : -1;
    const x = random.gauss(centre, 0.5);
    return [x, random.gauss(centre, 0.5), i % 2];
  },
  spiral: (_, i, n) => {
    const along = Math.floor(i / 2) / Math.max(1, Math.floor(n / 2));
    const angle = 1.75 * along * TURN + (i % 2 ? Math.PI : 0);
    const radius = 0.15 + 1.85 * along;
    return [radius * Math.sin(angle), radius * Math.cos(angle), i % 2];
  },
  moons: (random, i) => {
    const angle = random.uniform(0, Math.PI);
    const [x, y] = i % 2 ? [1 - Math.cos(angle), 0.5 - Math.sin(angle)] : [Math.cos(angle), Math.sin(angle)];
    return [1.3 * (x - 0.5), 1.3 * (y - 0.25), i % 2];
  },
};

export function draw(settings: Pick<Settings, "data" | "samples" | "noise" | "seed">): Rows {
  const { data, samples: n, noise, seed } = settings;
  const random = new Random(`${data}/${seed}`);
  const rows: Rows = { x1: new Float64Array(n), x2: new Float64Array(n), label: new Uint8Array(n) };
  for (let i = 0; i < n; i++) {
    const [x1, x2, label] = POINTS[data]!(random, i, n);
    rows.x1[i] = random.gauss(x1, noise);
    rows.x2[i] = random.gauss(x2, noise);
    rows.label[i] = label;
  }
  return rows;
}

/** Part the rows in a random order; each part has at least one. */
export function split(rows: Rows, share: number, seed: number): Split {
  const n = rows.label.length;
  const order = new Random(`split/${seed}`).order(n);
  const count = Math.max(1, Math.min(n - 1, Math.floor(share * n + 0.5)));
  return { train: take(rows, order.subarray(0, count)), test: take(rows, order.subarray(count)) };
}

export function take(rows: Rows, order: Uint32Array): Rows {
  return {
    x1: Float64Array.from(order, (i) => rows.x1[i]!),
    x2: Float64Array.from(order, (i) => rows.x2[i]!),
    label: Uint8Array.from(order, (i) => rows.label[i]!),
  };
}

export function columns(rows: Rows): Columns {
  return [rows.x1, rows.x2];
}
