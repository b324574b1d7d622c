// The rows on the decision surface: what the net answers over the plane, the line where it changes its
// mind, and rows that can be pointed at, by mouse, finger or arrow keys.

import { byId } from "../dom";
import type { Rows, Split } from "./datasets";
import { contour, paint } from "./grid";
import type { Palette } from "./palette";

const RADIUS = 3.4;
const REACH = 14; // pixels from a pointer to the row it means

interface Dot {
  x: number;
  y: number;
  label: number;
  test: boolean;
}

/** A row: which part it is of, and its place there. */
export interface RowAt {
  part: keyof Split;
  index: number;
}

export class Plot {
  private readonly frame = byId("plot");
  private readonly surface = byId<HTMLCanvasElement>("surface");
  private readonly points = byId<HTMLCanvasElement>("points");
  private dots: Dot[] = [];
  private trained = 0;
  private picked: number | undefined;
  private half = 1;
  private numbers: Float64Array | Float32Array | undefined;
  hard = false;

  constructor(
    private palette: Palette,
    private readonly open: (row: RowAt) => void,
    private readonly tell: (row: RowAt) => void,
  ) {
    this.frame.addEventListener("click", (event) => {
      const near = this.near(event);
      if (near === undefined) return;
      this.pick(near);
      this.open(this.row(near));
    });
    this.frame.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") this.pick(this.near(event));
    });
    this.frame.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  /** The rows to show; those of the test only where the reader wants them. */
  load(rows: Split, half: number, test: boolean): void {
    const dots = (part: Rows, isTest: boolean): Dot[] => Array.from(part.label, (label, i) => ({ x: part.x1[i]!, y: part.x2[i]!, label, test: isTest }));
    this.dots = [...dots(rows.train, false), ...(test ? dots(rows.test, true) : [])];
    this.trained = rows.train.label.length;
    this.half = half;
    this.picked = undefined;
    this.draw();
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    if (this.numbers) this.show(this.numbers);
  }

  /** Show what the net gives over the grid. */
  show(numbers: Float64Array | Float32Array): void {
    this.numbers = numbers;
    paint(this.surface, numbers, Math.sqrt(numbers.length), this.palette, this.hard);
    this.draw();
  }

  private get side(): number {
    return this.frame.clientWidth;
  }

  private at(dot: Dot): [number, number] {
    return [((dot.x / this.half + 1) * this.side) / 2, ((1 - dot.y / this.half) * this.side) / 2];
  }

  private draw(): void {
    const { points, side, palette } = this;
    const scale = devicePixelRatio || 1;
    const pixels = Math.max(1, Math.round(side * scale));
    if (points.width !== pixels) points.width = points.height = pixels;
    const context = points.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, side, side);
    this.drawLine(context);
    context.lineWidth = 1;
    for (const test of [true, false])
      for (const label of [0, 1]) {
        context.beginPath();
        for (const dot of this.dots) if (dot.test === test && dot.label === label) mark(context, ...this.at(dot), RADIUS, label);
        const colour = label ? palette.positive : palette.negative;
        context.fillStyle = test ? palette.card : colour;
        context.strokeStyle = test ? colour : palette.card;
        context.fill();
        context.stroke();
      }
    if (this.picked === undefined) return;
    const dot = this.dots[this.picked]!;
    context.beginPath();
    context.arc(...this.at(dot), RADIUS + 5, 0, 2 * Math.PI);
    context.lineWidth = 2.5;
    context.strokeStyle = palette.ink;
    context.stroke();
  }

  private drawLine(context: CanvasRenderingContext2D): void {
    if (!this.numbers) return;
    const size = Math.sqrt(this.numbers.length);
    const lines = contour(this.numbers, size);
    const unit = this.side / size;
    context.beginPath();
    for (let i = 0; i < lines.length; i += 4) {
      context.moveTo(lines[i]! * unit, lines[i + 1]! * unit);
      context.lineTo(lines[i + 2]! * unit, lines[i + 3]! * unit);
    }
    context.strokeStyle = this.palette.ink;
    context.lineWidth = 1.6;
    context.stroke();
  }

  private row(place: number): RowAt {
    return place < this.trained ? { part: "train", index: place } : { part: "test", index: place - this.trained };
  }

  private pick(place: number | undefined): void {
    if (place === this.picked) return;
    this.picked = place;
    if (place !== undefined) this.tell(this.row(place));
    this.frame.classList.toggle("over", place !== undefined);
    this.draw();
  }

  private near(event: MouseEvent): number | undefined {
    const { left, top } = this.points.getBoundingClientRect();
    let best: number | undefined;
    let least = REACH;
    this.dots.forEach((dot, i) => {
      const [x, y] = this.at(dot);
      const distance = Math.hypot(x - (event.clientX - left), y - (event.clientY - top));
      if (distance < least) [best, least] = [i, distance];
    });
    return best;
  }

  private key(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const n = this.dots.length;
    if (by !== undefined) this.pick(((this.picked ?? (by > 0 ? -1 : 0)) + by + n) % n);
    else if (event.key === "Enter" && this.picked !== undefined) this.open(this.row(this.picked));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** A disc for class 1, a diamond for class 0: colour is not all that tells them apart. */
function mark(context: CanvasRenderingContext2D, x: number, y: number, radius: number, label: number): void {
  context.moveTo(x + radius, y);
  if (label) return context.arc(x, y, radius, 0, 2 * Math.PI);
  const size = radius * 1.3;
  context.moveTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.lineTo(x, y - size);
  context.closePath();
}
