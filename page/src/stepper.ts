// The backpropagation page: one node at a time, forwards and then backwards.

import { byId, make, say } from "./dom";
import { BROKEN, explain, mistake } from "./explain";
import { full, isOdd } from "./format";
import type { Breakage, WrittenNode } from "./graph";
import { readGraph, undefinedAt } from "./graph";
import { Leaves } from "./leaves";
import { Picture } from "./picture";
import { Predict } from "./predict";
import { nameTag } from "./rich";
import { Stage } from "./stage";
import { Run } from "./steps";

const PAUSE = 1100;
const LEGIBLE = 0.75;
const ROWS = 300;

export function startStepper(written: WrittenNode[]): void {
  const graph = readGraph(written);
  const stage = new Stage(byId("frame"));
  const { boxes, edges } = stage.load(byId<HTMLTemplateElement>("picture"));
  const picture = new Picture(graph, boxes, edges);
  const slider = byId<HTMLInputElement>("slider");
  const play = byId<HTMLButtonElement>("play");
  const numbers = byId<HTMLDetailsElement>("numbers");
  const predicting = byId<HTMLInputElement>("predicting");
  const revealed = new Set<number>();
  let breakage: Breakage = "none";
  let at = 0;
  let timer: number | undefined;
  let run: Run;

  const predict = new Predict(() => {
    revealed.add(at);
    show(false);
  });
  const leaves = new Leaves(graph, () => {
    const next = new Run(graph, leaves.changed, breakage);
    const lost = undefinedAt(graph, next.values);
    if (lost) return `With that number ${lost.name} = ${lost.op}(…) is not defined.`;
    restart();
    return undefined;
  });

  function restart(): void {
    run = new Run(graph, leaves.changed, breakage);
    revealed.clear();
    slider.max = String(run.steps.length - 1);
    byId("mistake").replaceChildren(...mistake(run));
    at = Math.min(at, run.steps.length - 1);
    show(true);
  }

  function hidden(): boolean {
    return predicting.checked && run.steps[at]!.kind === "backward" && !revealed.has(at);
  }

  function show(ask: boolean): void {
    const step = run.steps[at]!;
    const secret = hidden();
    const { title, body } = explain(run, at, secret);
    say(byId("what"), title);
    byId("explanation").replaceChildren(...body);
    byId("broken").hidden = breakage === "none";
    say(byId("broken"), breakage === "none" ? "" : BROKEN[breakage]);
    if (timer !== undefined) say(play, secret ? "Paused: your turn" : "Pause");
    say(byId("count"), `Step ${at} of ${run.steps.length - 1}`);
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", title);
    byId<HTMLButtonElement>("first").disabled = byId<HTMLButtonElement>("back").disabled = at === 0;
    byId<HTMLButtonElement>("next").disabled = byId<HTMLButtonElement>("last").disabled = at === run.steps.length - 1;
    draw(secret);
    if (ask) {
      predict.clear();
      predict.ask(run, step, secret);
    } else predict.ask(run, step, false);
  }

  function draw(secret: boolean): void {
    const step = run.steps[at]!;
    const grads: (number | null)[] = run.gradsAt(at);
    const touched = new Set(step.kind === "backward" ? step.step.contributions.map((part) => part.operand) : []);
    if (secret) for (const operand of touched) grads[operand] = null;
    const current = "node" in step ? step.node.index : undefined;
    picture.show({
      values: run.valuesAt(at),
      grads,
      current,
      touched,
      wrong: new Set(step.kind === "end" ? run.wrong() : []),
    });
    table(run.valuesAt(at), grads);
    const first = graph.nodes.find((node) => node.kind === "op")?.index ?? 0;
    const look = step.kind === "start" ? first : current;
    if (look !== undefined) stage.centre(`n${look}`);
  }

  /** The numbers as they are at this step: what is still to come is not given away. */
  function table(values: (number | null)[], grads: (number | null)[]): void {
    if (!numbers.open) return;
    const begun = run.isBackward(at);
    const rows = graph.nodes.slice(0, ROWS).map((node) => {
      const grad = grads[node.index] ?? null;
      const known = grad !== null && (begun || grad !== 0);
      const how = node.kind === "op" ? node.op : node.kind;
      return make(
        "tr",
        {},
        make("th", { scope: "row" }, nameTag(graph, node.index)),
        make("td", {}, how),
        make("td", {}, text(values[node.index] ?? null)),
        make("td", {}, node.kind === "constant" ? "none" : known ? text(grad) : "?"),
      );
    });
    byId("rows").replaceChildren(...rows);
    say(byId("rows-when"), at === run.steps.length - 1 ? "After the last step." : "As they stand at this step; ? is still to come.");
    if (graph.nodes.length > ROWS) say(byId("rows-more"), `The first ${ROWS} of ${graph.nodes.length} nodes.`);
  }

  function text(x: number | null): HTMLElement {
    const odd = x !== null && isOdd(x);
    return make("span", { class: odd ? "n odd" : "n" }, x === null ? "?" : full(x));
  }

  function go(to: number): void {
    at = Math.max(0, Math.min(run.steps.length - 1, to));
    show(true);
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    say(play, "Play");
  }

  function toggle(): void {
    if (timer !== undefined) return stop();
    if (at === run.steps.length - 1) go(0);
    say(play, "Pause");
    timer = window.setInterval(() => {
      if (hidden()) return;
      go(at + 1);
      if (at === run.steps.length - 1) stop();
    }, PAUSE);
  }

  const jump = (to: () => number) => (): void => {
    stop();
    go(to());
  };
  const moves: Record<string, () => void> = {
    first: jump(() => 0),
    back: jump(() => at - 1),
    next: jump(() => at + 1),
    last: jump(() => run.steps.length - 1),
    play: toggle,
  };
  for (const [id, move] of Object.entries(moves)) byId(id).addEventListener("click", move);
  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value));
  });
  numbers.addEventListener("toggle", () => show(false));
  predicting.addEventListener("change", () => {
    revealed.clear();
    show(true);
  });
  for (const choice of document.querySelectorAll<HTMLInputElement>('input[name="breakage"]'))
    choice.addEventListener("change", () => {
      breakage = choice.value as Breakage;
      restart();
    });
  picture.onClick((index) => {
    const node = graph.nodes[index]!;
    if (node.kind === "leaf" && !graph.foreign.length) leaves.focus(index);
    const own = run.steps.findIndex((step) => step.kind === (run.isBackward(at) ? "backward" : "forward") && step.node.index === index);
    if (own >= 0) jump(() => own)();
  });
  listenToKeys(moves);
  stage.fit(LEGIBLE);
  restart();
}

const KEYS: Record<string, string> = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", " ": "play" };

/** Let the keys move the page, except where an element has its own use for them. */
function listenToKeys(moves: Record<string, () => void>): void {
  document.addEventListener("keydown", (event) => {
    const move = KEYS[event.key];
    if (!move || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const target = event.target as HTMLElement;
    if (target.matches('input:not([type="checkbox"]), textarea, select')) return;
    if (event.key === " " && target.matches("button, input, summary")) return;
    event.preventDefault();
    moves[move]!();
  });
}
