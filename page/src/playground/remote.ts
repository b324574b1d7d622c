// Training by a server on this machine, over a WebSocket: one question, one answer.

import type { Split } from "./datasets";
import { type Engine, type Moment, plainRows, type Subject } from "./engine";
import type { Grid } from "./grid";
import type { Settings } from "./settings";
import { titleOf } from "./stepperpage";

type Header = Omit<Moment, "params" | "grads" | "change" | "fields"> & { params: number; fields: [number, number][] };

/** Read a moment from its bytes: the length of a header, the header as JSON, then the numbers. */
export function unpack(bytes: ArrayBuffer): Moment {
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)), (_, x: unknown) => WORDS[String(x)] ?? x) as Header;
  let at = 4 + length;
  const numbers = (): Float64Array => {
    const found = new Float64Array(bytes, at, header.params);
    at += found.byteLength;
    return found;
  };
  const [params, grads, change] = [numbers(), numbers(), numbers()];
  const fields = header.fields.map(([neurons, points]) =>
    Array.from({ length: neurons }, () => {
      const found = new Float32Array(bytes, at, points);
      at += found.byteLength;
      return found;
    }),
  );
  return { ...header, params, grads, change, fields };
}

/** What JSON has no words for. */
const WORDS: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };

interface Waiting {
  done(answer: ArrayBuffer | string): void;
  failed(error: Error): void;
}

/** Trains on the server that the page came from. */
export class RemoteEngine implements Engine {
  private socket: Promise<WebSocket> | undefined;
  private readonly waiting: Waiting[] = [];
  private layers = 0;

  constructor(
    private readonly path: string,
    readonly activations: readonly string[],
  ) {}

  private connect(): Promise<WebSocket> {
    return new Promise((done, failed) => {
      const socket = new WebSocket(`ws://${location.host}${this.path}`);
      socket.binaryType = "arraybuffer";
      socket.addEventListener("open", () => done(socket));
      socket.addEventListener("message", (event) => this.waiting.shift()?.done(event.data as ArrayBuffer | string));
      socket.addEventListener("close", () => {
        this.socket = undefined;
        const error = new Error("The server has stopped. Start `mg play` again, and open the address that it prints.");
        failed(error);
        for (const { failed: fail } of this.waiting.splice(0)) fail(error);
      });
    });
  }

  private async ask(message: object): Promise<ArrayBuffer | string> {
    this.socket ??= this.connect();
    const socket = await this.socket;
    const answer = await new Promise<ArrayBuffer | string>((done, failed) => {
      this.waiting.push({ done, failed });
      socket.send(JSON.stringify(message));
    });
    if (typeof answer === "string") {
      const { error } = JSON.parse(answer) as { error?: string };
      if (error) throw new Error(error);
    }
    return answer;
  }

  private async moment(message: object, { size, half }: Grid): Promise<Moment> {
    return unpack((await this.ask({ ...message, size, half })) as ArrayBuffer);
  }

  begin(settings: Settings, rows: Split, grid: Grid): Promise<Moment> {
    this.layers = settings.layers.length + 1;
    return this.moment({ kind: "begin", settings, train: plainRows(rows.train), test: plainRows(rows.test) }, grid);
  }

  async set({ optimizer, lr, decay, l1, batch }: Settings): Promise<void> {
    await this.ask({ kind: "set", settings: { optimizer, lr, decay, l1, batch } });
  }

  advance(epochs: number, grid: Grid): Promise<Moment> {
    return this.moment({ kind: "advance", epochs }, grid);
  }

  edit(index: number, value: number, grid: Grid): Promise<Moment> {
    return this.moment({ kind: "edit", index, value }, grid);
  }

  async stepper(subject: Subject): Promise<string> {
    const answer = await this.ask({ kind: "stepper", ...subject, title: titleOf(subject, this.layers) });
    return (JSON.parse(answer as string) as { page: string }).page;
  }
}
