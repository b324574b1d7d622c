// The playground: settings, a net that trains, and its pictures.

import { byId, say } from "../dom";
import { brief } from "../format";
import { type Place, readAddress, writeAddress } from "./address";
import { Controls } from "./controls";
import { readCsv, type Table } from "./csv";
import { Curve } from "./curve";
import { draw, type Rows, split, type Split } from "./datasets";
import type { Engine, Moment, Subject } from "./engine";
import { type Grid, makeGrid } from "./grid";
import { listenToKeys } from "./keys";
import { writeLegend } from "./legend";
import { type Entry, type Live, note } from "./log";
import { Net } from "./net";
import { NetView, type Shape, type Shows } from "./netview";
import { readPalette, watchPalette } from "./palette";
import { Plot, type RowAt } from "./plot";
import { readOut } from "./readout";
import { pythonScript } from "./script";
import { FRESH, MOST_LAYERS, type Settings } from "./settings";
import { StepperDialog, titleOf } from "./stepperpage";
import { TakeAlong } from "./takealong";
import { Weights } from "./weights";

const GRID = 60; // points along a side
const PLANE = 2.6; // the data sets lie in -2 to 2, and noise around them
const REST = 1000; // milliseconds between two changes of the address while it plays
const CALM = 500; // and between two pictures, for who wants less motion
const NEW_LAYER = 4;
const CHUNKS = 200; // a log is trained again in about so many pieces
const MOST_AT_ONCE = 500; // epochs that a server takes in one message

const nextFrame = (): Promise<number> => new Promise(requestAnimationFrame);

export class Playground {
  private settings: Settings;
  /** The settings when the net was new, and what was done since. */
  private first: Settings;
  private log: Entry[] = [];
  private rows: Split | undefined;
  private grid: Grid = makeGrid(GRID, PLANE);
  private moment: Moment | undefined;
  private shape: Shape | undefined;
  private shows: Shows = "params";
  private playing = false;
  private row: RowAt = { part: "train", index: 0 };
  private queue: Promise<unknown> = Promise.resolve();
  private written = 0;
  private address = "";
  /** What an address told of a net whose rows are still to be chosen. */
  private awaiting: Place | undefined;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly controls: Controls;
  private readonly net: NetView;
  private readonly weights: Weights;
  private readonly plot: Plot;
  private readonly curve: Curve;
  private readonly dialog = new StepperDialog();
  private readonly along: TakeAlong;

  constructor(
    private readonly engine: Engine,
    private readonly defaults: Settings,
    private table: Table | undefined,
  ) {
    this.first = { ...defaults };
    this.settings = { ...defaults };
    const palette = readPalette();
    this.controls = new Controls((change) => void this.change(change));
    this.net = new NetView(
      byId("net"),
      {
        resize: (layer, by) => void this.resize(layer, by),
        step: (layer, neuron) => void this.step([layer, neuron]),
        weights: (layer, neuron, index) => this.moment && this.shape && this.weights.show(this.shape, layer, neuron, this.moment, index),
        point: (index) => say(byId("edge-note"), index === undefined ? EDGES : this.net.words(index)),
      },
      palette,
    );
    this.weights = new Weights((index, value) => void this.edit(index, value));
    this.plot = new Plot(palette, (row) => this.open(row), (row) => this.tellRow(row));
    this.curve = new Curve(palette);
    this.along = new TakeAlong(() => this.script(), () => this.shape && this.moment && { shape: this.shape, moment: this.moment }, (text) => say(byId("status"), text));
    this.listen();
  }

  /** Begin with what the address says. */
  async start(): Promise<void> {
    this.address = location.hash;
    const place = readAddress(location.hash, this.defaults, this.engine.activations, this.table !== undefined);
    await this.begin(place.settings);
    if (place.rowsMissing) {
      this.awaiting = place;
      say(byId("file-note"), ROWS_MISSING);
    }
    await this.replay(place.rowsMissing ? [] : place.log);
  }

  /** All that asks the engine, one after the other. */
  private turn<T>(job: () => Promise<T>): Promise<T> {
    const done = this.queue.then(job);
    this.queue = done.catch((error: unknown) => {
      this.pause();
      say(byId("status"), error instanceof Error ? error.message : String(error));
    });
    return done;
  }

  /** A new net. */
  private begin(settings: Settings): Promise<void> {
    this.pause();
    if (this.awaiting) say(byId("file-note"), ""); // another net was chosen
    this.awaiting = undefined;
    return this.turn(async () => {
      this.settings = { ...settings };
      this.first = { ...settings };
      this.log = [];
      const all = this.allRows();
      this.rows = split(all, settings.train, settings.seed);
      const widest = Math.max(...all.x1.map(Math.abs), ...all.x2.map(Math.abs));
      const half = Math.max(PLANE, Math.ceil(11 * widest) / 10); // one decimal: the axes tell it
      if (half !== this.grid.half) this.grid = makeGrid(GRID, half);
      this.shape = new Net([2, ...settings.layers, 1], { forward: (x) => x, partial: () => 1 });
      this.moment = await this.engine.begin(settings, this.rows, this.grid);
      this.row = { part: "train", index: 0 };
      this.weights.hide();
      this.curve.clear();
      this.net.build(this.shape);
      this.load();
      this.controls.show(settings, this.table?.raw.length);
      byId<HTMLButtonElement>("fewer").disabled = settings.layers.length === 0;
      byId<HTMLButtonElement>("more").disabled = settings.layers.length >= MOST_LAYERS;
      this.show();
      this.settle();
    });
  }

  private allRows(): Rows {
    if (this.settings.data === "csv" && this.table) return this.table.rows;
    return draw(this.settings);
  }

  /** Put the rows into the plot. */
  private load(): void {
    this.plot.load(this.rows!, this.grid.half, byId<HTMLInputElement>("show-test").checked);
    writeLegend(this.grid.half, this.settings.data === "csv" ? this.table : undefined);
  }

  /** Show the moment. */
  private show(): void {
    const moment = this.moment!;
    this.net.show(moment, this.shows);
    const output = moment.fields[moment.fields.length - 1]![0]!;
    this.plot.show(output);
    this.weights.update(moment);
    this.curve.add(moment.epochs, moment.judged);
    const found = readOut(moment, this.rows!);
    this.net.mark(found.flatMap((warning) => warning.neurons));
    if (found.some((warning) => warning.kind === "diverged")) this.pause();
  }

  /** What need not be done at every frame: the address, words for who cannot see, the script. */
  private settle(): void {
    this.written = performance.now();
    this.address = writeAddress(this.first, this.log);
    try {
      history.replaceState(null, "", this.address);
    } catch {
      // a page inside a sandboxed frame has no address of its own
    }
    this.curve.describe();
    this.along.refresh();
    if (this.playing || !this.moment) return;
    const { trainLoss, testLoss } = this.moment.judged;
    say(byId("status"), `Epoch ${this.moment.epochs}: training loss ${brief(trainLoss)}, test loss ${brief(testLoss)}.`);
  }

  private async advance(epochs: number, seen = true): Promise<void> {
    await this.turn(async () => {
      this.moment = await this.engine.advance(epochs, this.grid);
      note(this.log, { kind: "train", epochs });
      if (seen) this.show();
    });
  }

  private async play(): Promise<void> {
    this.playing = true;
    this.playButton();
    let shown = 0;
    while (this.playing) {
      const now = await nextFrame();
      if (!this.playing) break;
      const seen = !this.calm.matches || now - shown >= CALM;
      if (seen) shown = now;
      await this.advance(1, seen);
      if (now - this.written > REST) this.settle();
    }
  }

  private pause(): void {
    if (!this.playing) return;
    this.playing = false;
    this.playButton();
    void this.queue.then(() => {
      this.show();
      this.settle();
    });
  }

  private playButton(): void {
    say(byId("play"), this.playing ? "Pause" : "Play");
    byId("play").setAttribute("aria-pressed", String(this.playing));
  }

  private async one(): Promise<void> {
    this.pause();
    await this.advance(1);
    this.settle();
  }

  /** Do again what a log tells. */
  private async replay(log: readonly Entry[]): Promise<void> {
    const total = log.reduce((sum, entry) => sum + (entry.kind === "train" ? entry.epochs : 0), 0);
    const chunk = Math.min(MOST_AT_ONCE, Math.max(1, Math.ceil(total / CHUNKS)));
    for (const entry of log) {
      if (entry.kind === "edit") await this.edit(entry.index, entry.value);
      else if (entry.kind === "set") await this.change(entry.change);
      else
        for (let left = entry.epochs; left > 0; left -= chunk) {
          await this.advance(Math.min(chunk, left));
          if (left % (20 * chunk) < chunk) await nextFrame();
        }
    }
    this.settle();
    document.body.dataset["ready"] = "yes";
  }

  /** Other settings: of the training alone, or a new net. */
  private async change(change: Partial<Settings>): Promise<void> {
    const next = { ...this.settings, ...change };
    if (Object.keys(change).some((name) => FRESH.includes(name as keyof Settings))) return this.begin(next);
    await this.turn(async () => {
      this.settings = next;
      await this.engine.set(next);
      if (this.log.length) note(this.log, { kind: "set", change: change as Partial<Live> });
      else this.first = { ...next };
      this.controls.show(next, this.table?.raw.length);
      this.settle();
    });
  }

  private async edit(index: number, value: number): Promise<void> {
    await this.turn(async () => {
      this.moment = await this.engine.edit(index, value, this.grid);
      note(this.log, { kind: "edit", index, value });
      this.show();
      this.settle();
    });
  }

  private resize(layer: number, by: 1 | -1): Promise<void> {
    const layers = [...this.settings.layers];
    layers[layer]! += by;
    return this.begin({ ...this.settings, layers }).then(() => this.refocus(`[data-layer="${layer}"][data-by="${by}"]`));
  }

  private deepen(by: 1 | -1): Promise<void> {
    const { layers } = this.settings;
    return this.begin({ ...this.settings, layers: by > 0 ? [...layers, layers[layers.length - 1] ?? NEW_LAYER] : layers.slice(0, -1) });
  }

  /** The button that was pressed is a new one now: the focus stays where it was. */
  private refocus(selector: string): void {
    byId("net").querySelector<HTMLElement>(`${selector}:not(:disabled)`)?.focus({ preventScroll: true });
  }

  private subject(): Subject {
    const part = this.rows![this.row.part];
    return { x1: part.x1[this.row.index]!, x2: part.x2[this.row.index]!, label: part.label[this.row.index]! };
  }

  private open(row: RowAt): void {
    this.row = row;
    void this.step();
  }

  /** Open the stepper on a neuron, or on the whole loss, of the row that was last meant. */
  private async step(neuron?: [number, number]): Promise<void> {
    this.pause();
    const subject: Subject = { ...this.subject(), ...(neuron ? { neuron } : {}) };
    const page = await this.turn(() => this.engine.stepper(subject));
    this.dialog.show(page, titleOf(subject, this.shape!.layers));
  }

  private tellRow(row: RowAt): void {
    this.row = row;
    const { x1, x2, label } = this.subject();
    const name = this.settings.data === "csv" && this.table ? this.table.classes[label] : `class ${label}`;
    say(byId("row-note"), `${row.part === "train" ? "Training" : "Test"} row ${row.index + 1}: (${brief(x1)}, ${brief(x2)}), ${name}. Click, or press Enter, to step through its loss.`);
  }

  private script(): string {
    return pythonScript(this.first, this.log, (index) => this.shape!.nameOf(index), this.first.data === "csv" ? this.table : undefined);
  }

  private async readFile(file: File): Promise<void> {
    const read = readCsv(await file.text());
    say(byId("file-note"), typeof read === "string" ? read : "");
    if (typeof read === "string") return;
    this.table = read;
    const { settings, log } = this.awaiting ?? { settings: this.settings, log: [] };
    await this.begin({ ...settings, data: "csv" });
    await this.replay(log);
  }

  private listen(): void {
    const moves: Record<string, () => unknown> = {
      reset: () => this.begin(this.settings),
      play: () => (this.playing ? this.pause() : this.play()),
      step: () => this.one(),
      more: () => this.deepen(1),
      fewer: () => this.deepen(-1),
    };
    for (const [id, move] of Object.entries(moves)) byId(id).addEventListener("click", () => void move());
    for (const choice of document.querySelectorAll<HTMLInputElement>('input[name="shows"]'))
      choice.addEventListener("change", () => {
        this.shows = choice.value as Shows;
        if (this.moment) this.net.show(this.moment, this.shows);
      });
    byId("show-test").addEventListener("change", () => this.load());
    byId<HTMLInputElement>("hard").addEventListener("change", (event) => {
      this.plot.hard = (event.target as HTMLInputElement).checked;
      this.show();
    });
    byId<HTMLInputElement>("file").addEventListener("change", (event) => {
      const input = event.target as HTMLInputElement;
      const [file] = input.files ?? [];
      if (file) void this.readFile(file).then(() => (input.value = "")); // the same file, mended, is a change too
    });
    watchPalette((palette) => {
      for (const view of [this.net, this.plot, this.curve]) view.recolour(palette);
    });
    addEventListener("hashchange", () => location.hash !== this.address && void this.start());
    listenToKeys({ " ": moves["play"]!, ArrowRight: moves["step"]!, r: moves["reset"]! }, () => !this.dialog.open);
  }
}

const ROWS_MISSING = "The address tells of rows of your own, which it does not hold: choose their file again, and the net is trained as it was.";
const EDGES = "Edges are as wide as their numbers, blue above 0 and orange below. Click an edge to change its weight, a neuron to step through it.";
