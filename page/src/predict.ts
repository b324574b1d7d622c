// Predict, then reveal: the reader types the gradients of a step before the page shows them.

import { byId, make, say } from "./dom";
import { close, parse, plain } from "./format";
import type { Run, Step } from "./steps";

const MOST = 4;

interface Question {
  operand: number;
  name: string;
  truth: number;
}

/** What to ask at a step: the gradient of each operand after it, the first few at most. */
export function questions(run: Run, step: Step): Question[] {
  if (step.kind !== "backward") return [];
  const after = new Map(step.step.contributions.map((part) => [part.operand, part.after]));
  return [...after]
    .slice(0, MOST)
    .map(([operand, truth]) => ({ operand, truth, name: run.graph.nodes[operand]!.name }));
}

export class Predict {
  private readonly form = byId<HTMLFormElement>("predict");
  private readonly fields = byId("predict-fields");
  private readonly verdict = byId("verdict");
  private readonly tally = byId("tally");
  private right = 0;
  private asked = 0;
  private current: Question[] = [];
  private inputs: HTMLInputElement[] = [];

  constructor(private readonly reveal: () => void) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    byId("reveal").addEventListener("click", () => {
      say(this.verdict, "Revealed without a guess.");
      this.verdict.className = "";
      this.reveal();
    });
  }

  /** Ask the questions of a step, or hide where there is nothing to ask. */
  ask(run: Run, step: Step, open: boolean): void {
    this.current = open ? questions(run, step) : [];
    this.form.hidden = !this.current.length;
    if (!this.current.length) return;
    say(this.verdict, "");
    const output = run.graph.nodes[run.graph.output]!.name;
    this.inputs = this.current.map(({ operand, name }, i) =>
      make("input", { id: `guess-${i}`, inputmode: "text", autocomplete: "off", "data-operand": String(operand), "aria-label": `∂${output}/∂${name} after this step` }),
    );
    this.fields.replaceChildren(
      ...this.current.map(({ name }, i) =>
        make("p", {}, make("label", { for: `guess-${i}` }, `∂${output}/∂${name} after this step`), this.inputs[i]!),
      ),
    );
  }

  clear(): void {
    say(this.verdict, "");
  }

  private check(): void {
    const guesses = this.inputs.map((input) => parse(input.value));
    const missing = guesses.findIndex((guess) => guess === undefined);
    if (missing >= 0) {
      this.verdict.className = "bad";
      say(this.verdict, `Type a number for ${this.current[missing]!.name}, such as -2 or 0.25.`);
      this.inputs[missing]!.focus();
      return;
    }
    const lines = this.current.map(({ name, truth }, i) => {
      const guess = guesses[i]!;
      const good = close(guess, truth);
      this.asked++;
      if (good) this.right++;
      return good
        ? { good, text: `Right: ${name} has ${plain(truth)}.` }
        : { good, text: `Wrong: ${name} has ${plain(truth)}, not ${plain(guess)}.` };
    });
    this.verdict.className = lines.every((line) => line.good) ? "good" : "bad";
    say(this.verdict, lines.map((line) => line.text).join(" "));
    say(this.tally, `${this.right} of ${this.asked} predictions right so far.`);
    this.reveal();
  }
}
