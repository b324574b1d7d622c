// The curves of training and test loss over the epochs.

import { byId } from "../dom";
import { brief, plain } from "../format";
import type { Palette } from "./palette";
import type { Judged } from "./training";

const HEIGHT = 90;
const PAD = 4;

export class Curve {
  private readonly canvas = byId<HTMLCanvasElement>("curve");
  private epochs: number[] = [];
  private train: number[] = [];
  private test: number[] = [];

  constructor(private palette: Palette) {
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  clear(): void {
    this.epochs = [];
    this.train = [];
    this.test = [];
  }

  /** Take note of a moment; one at the same epoch takes the place of the last. */
  add(epoch: number, judged: Judged): void {
    if (this.epochs[this.epochs.length - 1] === epoch) for (const list of [this.epochs, this.train, this.test]) list.pop();
    this.epochs.push(epoch);
    this.train.push(judged.trainLoss);
    this.test.push(judged.testLoss);
    this.draw();
  }

  /** The curves in words, for who cannot see them. */
  describe(): void {
    const last = this.epochs.length - 1;
    if (last < 0) return;
    const words = ([["training", this.train], ["test", this.test]] as const).map(([name, list]) => `${name} loss from ${plain(list[0]!)} to ${plain(list[last]!)}`);
    this.canvas.setAttribute("aria-label", `${words.join(", ")}, over ${this.epochs[last]} epochs`);
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    this.draw();
  }

  private draw(): void {
    const { canvas, palette } = this;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    if (!width) return;
    const pixels = Math.round(width * scale);
    if (canvas.width !== pixels) {
      canvas.width = pixels;
      canvas.height = Math.round(HEIGHT * scale);
    }
    const context = canvas.getContext("2d")!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, HEIGHT);
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.strokeRect(0.5, 0.5, width - 1, HEIGHT - 1);
    const finite = [...this.train, ...this.test].filter(Number.isFinite);
    const most = Math.max(1e-12, ...sampled(finite, 4000));
    const last = Math.max(1, this.epochs[this.epochs.length - 1] ?? 1);
    const line = (list: readonly number[], colour: string, dash: number[]): void => {
      const stride = Math.max(1, Math.ceil(list.length / (2 * width)));
      context.beginPath();
      for (let i = 0; i < list.length; i += i + stride < list.length || i === list.length - 1 ? stride : list.length - 1 - i) {
        const y = Number.isFinite(list[i]!) ? HEIGHT - PAD - (HEIGHT - 2 * PAD) * (list[i]! / most) : PAD;
        context.lineTo(PAD + (width - 2 * PAD) * (this.epochs[i]! / last), y);
      }
      context.strokeStyle = colour;
      context.setLineDash(dash);
      context.lineWidth = 1.8;
      context.stroke();
      context.setLineDash([]);
    };
    line(this.test, palette.soft, [5, 3]);
    line(this.train, palette.ink, []);
    context.fillStyle = palette.soft;
    context.font = "11px system-ui, sans-serif";
    context.strokeStyle = palette.card;
    context.lineWidth = 4;
    context.textAlign = "right";
    const text = finite.length ? `highest ${brief(most)}` : "";
    context.strokeText(text, width - PAD - 4, 16);
    context.fillText(text, width - PAD - 4, 16);
  }
}

/** At most so many of some numbers, evenly taken. */
function sampled(list: readonly number[], most: number): number[] {
  const stride = Math.max(1, Math.ceil(list.length / most));
  return list.filter((_, i) => i % stride === 0);
}
