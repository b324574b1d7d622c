// The plane of the two columns as a grid of points, and pictures of what a net gives there.

import type { Columns } from "./net";
import { type Palette, shade } from "./palette";

export interface Grid {
  /** Points along a side. */
  size: number;
  /** The plane goes from -half to half, both ways. */
  half: number;
  columns: Columns;
}

/** Points in rows from the top, each in the middle of its square. */
export function makeGrid(size: number, half: number): Grid {
  const [x1, x2] = [new Float64Array(size * size), new Float64Array(size * size)];
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      x1[row * size + column] = half * ((2 * column + 1) / size - 1);
      x2[row * size + column] = -half * ((2 * row + 1) / size - 1);
    }
  return { size, half, columns: [x1, x2] };
}

/** Paint numbers of a grid into a canvas of the grid's own size; the style sheet scales it. */
export function paint(canvas: HTMLCanvasElement, numbers: Float64Array | Float32Array, size: number, palette: Palette, hard = false): void {
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(size, size);
  const pixels = new Uint32Array(image.data.buffer);
  const { pixels: colours } = palette;
  for (let i = 0; i < pixels.length; i++) pixels[i] = colours[hard ? (numbers[i]! > 0 ? 220 : 35) : shade(numbers[i]!)]!;
  context.putImageData(image, 0, 0);
}

/** Where the numbers of a grid change their sign: lines from side to side of its squares, in 0..size. */
export function contour(numbers: Float64Array | Float32Array, size: number): Float32Array {
  const lines: number[] = [];
  const at = (a: number, b: number): number => a / (a - b);
  for (let row = 0; row + 1 < size; row++)
    for (let column = 0; column + 1 < size; column++) {
      const i = row * size + column;
      const [a, b, c, d] = [numbers[i]!, numbers[i + 1]!, numbers[i + size + 1]!, numbers[i + size]!];
      const mask = +(a > 0) + 2 * +(b > 0) + 4 * +(c > 0) + 8 * +(d > 0);
      if (mask === 0 || mask === 15) continue;
      const [x, y] = [column + 0.5, row + 0.5];
      const cuts: number[] = [];
      if (a > 0 !== b > 0) cuts.push(x + at(a, b), y);
      if (b > 0 !== c > 0) cuts.push(x + 1, y + at(b, c));
      if (c > 0 !== d > 0) cuts.push(x + at(d, c), y + 1);
      if (d > 0 !== a > 0) cuts.push(x, y + at(a, d));
      lines.push(...cuts);
    }
  return Float32Array.from(lines);
}
