// The backpropagation page: one node at a time, forwards and then backwards.

import { byId, make, say } from "./dom";
import { BROKEN, explain, mistake } from "./explain";
import { full, isOdd } from "./format";
import type { Breakage, Rule, WrittenNode } from "./graph";
import { readGraph, undefinedAt } from "./graph";
import { startFinding } from "./find";
import { Flow } from "./flow";
import { Folds, type WrittenFold } from "./folds";
import { Leaves } from "./leaves";
import { startLinks } from "./links";
import { Picture, type Shown } from "./picture";
import { CLOSE, readPlace, writePlace } from "./place";
import { Predict } from "./predict";
import { nameTag } from "./rich";
import { savePng, saveSvg } from "./saving";
import { Stage } from "./stage";
import { Run } from "./steps";
import { explainWords } from "./words";

const PAUSE = 1100;
const LEGIBLE = 0.92; // 12 pixels become 11
const ROWS = 300;

export function startStepper(written: WrittenNode[], rules: Record<string, Rule>, folded: WrittenFold[]): void {
  const graph = readGraph(written, rules);
  const stage = new Stage(byId("frame"));
  const { boxes, edges, sheet } = stage.load(byId<HTMLTemplateElement>("picture"));
  const picture = new Picture(graph, boxes, edges, new Flow(stage.layer()), [...sheet.boxes.values()]);
  const slider = byId<HTMLInputElement>("slider");
  const play = byId<HTMLButtonElement>("play");
  const numbers = byId<HTMLDetailsElement>("numbers");
  const predicting = byId<HTMLInputElement>("predicting");
  const revealed = new Set<number>();
  let slide = false;
  let looking = 0;
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
  }, (index) => ({ out: run.values[graph.output]!, grad: run.right[index]! }));

  const folds = new Folds(folded, graph, stage, sheet, visit, () => show(false));

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
    explainWords(body);
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
    const shown: Shown = {
      values: run.valuesAt(at),
      grads,
      current,
      touched,
      wrong: new Set(step.kind === "end" ? run.wrong() : []),
      parts: step.kind === "backward" ? step.step.contributions : [],
      secret,
      backwards: step.kind === "backward",
    };
    if (!folds.on) picture.show(shown);
    folds.show(shown);
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
    writePlace(at, slide);
    cancelAnimationFrame(looking); // once a frame, however fast the slider goes
    looking = requestAnimationFrame(() => keepInView(byId("step")));
  }

  /** Slides: the drawing and the words, and nothing to press. */
  function setSlide(on: boolean): void {
    slide = on;
    document.body.classList.toggle("slide", on);
    byId("slide").setAttribute("aria-pressed", String(on));
    writePlace(at, slide);
  }

  /** Go to a node: to its step in the pass that is under way, else just to its box. */
  function visit(index: number): void {
    const own = run.steps.findIndex((step) => step.kind === (run.isBackward(at) ? "backward" : "forward") && step.node.index === index);
    if (own >= 0) jump(() => own)();
    if (folds.on) return folds.reveal(index);
    stage.centre(`n${index}`);
    picture.flash(index);
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
    else visit(index);
  });
  picture.onFar(visit);
  startLinks(byId("step"), byId("frame"), (target) => picture.elements(target));
  startFinding(graph, visit);
  byId("slide").addEventListener("click", () => setSlide(!slide));
  byId("save-svg").addEventListener("click", () => saveSvg(stage.whole(), `step-${at}`));
  byId("save-png").addEventListener("click", () => void savePng(stage.whole(), `step-${at}`));
  addEventListener("beforeprint", () => (numbers.open = true));
  listenToKeys({ ...moves, slide: () => setSlide(!slide), leave: () => (slide ? setSlide(false) : askToClose()) });
  stage.fit(LEGIBLE);
  restart();
  const follow = (): void => {
    const place = readPlace(location.hash);
    setSlide(place.slide);
    if (place.step !== undefined) jump(() => place.step!)();
  };
  addEventListener("hashchange", follow);
  if (location.hash) follow();
}

/** Ask the page around this one, if there is one, to close the frame. */
function askToClose(): void {
  if (parent !== window) parent.postMessage(CLOSE, "*");
}

const KEYS: Record<string, string> = { ArrowLeft: "back", ArrowRight: "next", Home: "first", End: "last", " ": "play", s: "slide", Escape: "leave" };

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

/** Bring an element into view where it is not: under the drawing, and above the controls. */
function keepInView(element: HTMLElement): void {
  const { top } = element.getBoundingClientRect();
  const stage = byId("stage").getBoundingClientRect();
  const controls = byId("controls").getBoundingClientRect();
  const above = stage.right > element.getBoundingClientRect().left ? Math.max(0, stage.bottom) : 0;
  if (top < Math.min(above, innerHeight / 2) - 1 || top > controls.top - LEAST) element.scrollIntoView({ block: "start", behavior: "instant" });
}

const LEAST = 120; // pixels of the words that must be seen
