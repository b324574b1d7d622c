import { describe, expect, it } from "vitest";

import { readAddress, writeAddress } from "../src/playground/address";
import { readCsv } from "../src/playground/csv";
import { contour, makeGrid } from "../src/playground/grid";
import { note, type Entry, readLog, writeLog } from "../src/playground/log";
import { LOSS } from "../src/playground/losses";
import { Net, Pass } from "../src/playground/net";
import { pythonScript } from "../src/playground/script";
import type { Settings } from "../src/playground/settings";
import { warnings } from "../src/playground/watch";
import { OPS } from "../src/ops";

const SETTINGS: Settings = { data: "moons", samples: 100, noise: 0.1, train: 0.5, seed: 7, layers: [3, 2], activation: "tanh", init: "lecun", loss: "hinge", optimizer: "adam", lr: 0.01, decay: 0, l1: 0, batch: 10 };

describe("a net", () => {
  for (const loss of ["binary_cross_entropy", "hinge", "mse"] as const)
    it(`has gradients that are slopes of its ${loss}`, () => {
      const net = new Net([2, 3, 2, 1], OPS["tanh"]!.scalar!);
      net.draw(3, "uniform");
      const rows = [Float64Array.of(0.3, -1, 0.7), Float64Array.of(0.9, 0.2, -0.4)];
      const targets = Float64Array.of(LOSS[loss].target(0), LOSS[loss].target(1), LOSS[loss].target(1));
      const pass = new Pass(net, 3);
      const mean = (): number => pass.forward(rows).reduce((sum, out, i) => sum + LOSS[loss].value(out, targets[i]!) / 3, 0);
      const grads = new Float64Array(net.params.length);
      mean();
      pass.backward(LOSS[loss], targets, grads);
      for (let i = 0; i < grads.length; i++) {
        const [at, h] = [net.params[i]!, 1e-5];
        net.params[i] = at + h;
        const above = mean();
        net.params[i] = at - h;
        const slope = (above - mean()) / (2 * h);
        net.params[i] = at;
        expect(grads[i]).toBeCloseTo(slope, 8);
      }
    });
  it("names its parameters as mgnn does", () => {
    const net = new Net([2, 3, 1], OPS["tanh"]!.scalar!);
    expect([0, 2, 3, 8, 9, 12].map((i) => net.nameOf(i))).toEqual(["layers.0.neurons.0.w.0", "layers.0.neurons.0.b", "layers.0.neurons.1.w.0", "layers.0.neurons.2.b", "layers.1.neurons.0.w.0", "layers.1.neurons.0.b"]);
    expect(() => net.nameOf(13)).toThrow(RangeError);
  });
  it("lets nothing come of an infinite slope where no gradient arrives", () => {
    const net = new Net([2, 1, 1], OPS["sqrt"]!.scalar!);
    net.params.set([0, 0, 0, 0, 1]); // the weight of the output is 0, the slope of a root at 0 infinite
    const pass = new Pass(net, 1);
    const grads = new Float64Array(net.params.length);
    pass.forward([Float64Array.of(1), Float64Array.of(1)]);
    pass.backward(LOSS.mse, Float64Array.of(-1), grads);
    expect([...grads]).toEqual([0, 0, 0, 0, 4]);
  });
});

describe("an address", () => {
  const log: Entry[] = [{ kind: "train", epochs: 37 }, { kind: "set", change: { lr: 0.1, batch: 0 } }, { kind: "edit", index: 4, value: -1e-7 }, { kind: "train", epochs: 2 }];
  it("gives back what was written", () => {
    expect(readAddress(writeAddress(SETTINGS, log), { ...SETTINGS, data: "circle", layers: [] }, ["tanh"], false)).toEqual({ settings: SETTINGS, log, rowsMissing: false });
  });
  it("leaves out what makes no sense", () => {
    const read = readAddress("#data=csv&layers=1-13&lr=-1&activation=gone&run=0_1.5_w99:1_w1:x_data:circle_4", SETTINGS, ["tanh"], false);
    expect(read).toEqual({ settings: SETTINGS, log: [{ kind: "train", epochs: 4 }], rowsMissing: true });
  });
  it("joins what follows on its own kind", () => {
    const short: Entry[] = [];
    for (const entry of [...log.map((one) => structuredClone(one)), { kind: "train", epochs: 3 } as Entry]) note(short, entry);
    expect(writeLog(short)).toBe("37_lr:0.1_batch:0_w4:-1e-7_5");
    expect(writeLog(readLog("3_4", 1, () => undefined))).toBe("7");
  });
});

describe("a CSV", () => {
  it("may have a head, semicolons and quotes", () => {
    const table = readCsv('"size";"weight";"kind"\n1;2;b\n3;4;a\n\n5;6;b\n');
    expect(table).toMatchObject({ columns: ["size", "weight"], classes: ["a", "b"], raw: [[1, 2], [3, 4], [5, 6]] });
    if (typeof table === "string") return;
    expect([...table.rows.label]).toEqual([1, 0, 1]);
    expect(table.rows.x1.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 12);
    expect(table.rows.x1[2]).toBeCloseTo(Math.sqrt(1.5), 12); // (5 - 3) over a deviation of sqrt(8 / 3)
  });
  it("reads commas inside quotes, and decimal commas where semicolons part the cells", () => {
    expect(readCsv('"height, cm","a ""b""",class\n"1.5",2,yes\n3,4,"no, never"\n')).toMatchObject({
      columns: ["height, cm", 'a "b"'], classes: ["no, never", "yes"], raw: [[1.5, 2], [3, 4]],
    });
    expect(readCsv("1,5;-2,25;a\n3;4e-1;b\n")).toMatchObject({ raw: [[1.5, -2.25], [3, 0.4]] });
    expect(readCsv("1,5\t2\ta\n3\t4\tb\n")).toMatchObject({ raw: [[1.5, 2], [3, 4]] });
  });
  it.each([
    ["", "empty"],
    ["1,2,a\n", "fewer than two rows"],
    ["1,2\n3,4\n", "Line 1 has 2 columns"],
    ["1,2,a\n1,b,b\n", "Line 2, column 2: “b” is no number"],
    ["1,2,a\n1,,b\n", "Line 2, column 2"],
    ["1,2,a\n1,2,b\n1,2,c\n", "Line 3: “c” is a third class"],
    ["1,2,a\n1,2,a\n", "Every row has the class “a”"],
  ])("says what is wrong with %j", (text, words) => expect(readCsv(text)).toContain(words));
});

describe("warnings", () => {
  const judged = { trainLoss: 1, testLoss: 1, trainScore: 1, testScore: 1 };
  const kinds = (slopes: number[][], deltas: number[], loss = 1): string[] => warnings({ slopes, deltas, judged: { ...judged, trainLoss: loss } }).map(({ kind }) => kind);
  it("name what is stuck, and only that", () => {
    expect(kinds([[1, 0.5]], [1])).toEqual([]);
    expect(kinds([[1, 0]], [1])).toEqual(["dead"]);
    expect(kinds([[1e-4, 0]], [1])).toEqual(["dead", "saturated"]);
    expect(kinds([[1], [1]], [1e-5, 1])).toEqual(["vanishing"]);
    expect(kinds([[0], [0]], [0, 0])).toEqual(["dead"]);
    expect(kinds([[NaN]], [NaN], NaN)).toEqual(["diverged"]);
    expect(warnings({ slopes: [[1]], deltas: [1], judged, backend: "eager" })[0]!.text).toContain("The compiler did not take this net");
  });
});

describe("a grid", () => {
  it("finds the line where a plane changes its sign", () => {
    const grid = makeGrid(20, 2);
    const lines = contour(grid.columns[0]!.map((x, i) => x - 0.3 * grid.columns[1]![i]! - 0.5), 20);
    expect(lines.length).toBeGreaterThan(40);
    for (let i = 0; i < lines.length; i += 2) {
      const [x, y] = [(lines[i]! / 10 - 1) * 2, (1 - lines[i + 1]! / 10) * 2];
      expect(x - 0.3 * y).toBeCloseTo(0.5, 5);
    }
  });
});

it("the script tells every change in its order", () => {
  const log: Entry[] = [{ kind: "train", epochs: 3 }, { kind: "set", change: { batch: 0 } }, { kind: "edit", index: 0, value: 2 }, { kind: "set", change: { optimizer: "momentum", lr: 0.3 } }, { kind: "train", epochs: 1 }];
  const lines = pythonScript(SETTINGS, log, (i) => `p${i}`).split("\n");
  const order = ["optim.Adam(lr=0.01, weight_decay=0)", "epochs=3, batch_size=10", 'parameters["p0"].data = 2.0', "restart(optim.SGD(lr=0.3, weight_decay=0, momentum=0.9))", "epochs=1, batch_size=None"];
  const at = order.map((text) => lines.findIndex((line) => line.includes(text)));
  expect(at).toEqual([...at].sort((a, b) => a - b));
  expect(at).not.toContain(-1);
});
