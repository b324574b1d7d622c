// Predict, then reveal: the reader types the gradients of a step before the page shows them.

import { byId, make, say } from "./dom";
import { slope } from "./explain";
import { close, parse, plain } from "./format";
import { flat, nameOf, rich } from "./rich";
import type { Run, Step } from "./steps";

const MOST = 4;
const TRIES = 2;

interface Question {
  operand: number;
  name: string;
  /** What is asked, with places for names. */
  text: string;
  truth: number;
  mistakes: Mistake[];
}

interface Mistake {
  guess: number;
  words: string;
}

/** What to ask at a step: the gradient of each operand after it, the first few at most. */
export function questions(run: Run, step: Step): Question[] {
  if (step.kind !== "backward") return [];
  const { contributions } = step.step;
  const operands = [...new Set(contributions.map((part) => part.operand))];
  return operands.slice(0, MOST).map((operand) => {
    const mine = contributions.filter((part) => part.operand === operand);
    const before = mine[0]!.before;
    const what =
      run.breakage === "none" ? slope(run.graph, run.graph.output, operand) : `What ${nameOf(run.graph, operand)} holds`;
    const soFar = before !== 0 || run.graph.uses[operand]! > mine.length ? ` (so far ${plain(before)})` : "";
    return {
      operand,
      name: run.graph.nodes[operand]!.name,
      text: `${what} after this step${soFar}`,
      truth: mine.at(-1)!.after,
      mistakes: mistakes(run, step, operand),
    };
  });
}

/** Wrong answers that tell what went wrong, the most telling first. */
function mistakes(run: Run, step: Step & { kind: "backward" }, operand: number): Mistake[] {
  const { upstream, contributions } = step.step;
  const mine = contributions.filter((part) => part.operand === operand);
  const [first, last] = [mine[0]!, mine.at(-1)!];
  const sum = mine.reduce((total, part) => total + part.contribution, 0);
  const truth = last.after;
  const swapped = contributions.filter((part) => part.operand !== operand).map((part) => upstream * part.local + (run.breakage === "overwrite" ? 0 : first.before));
  const forgotten: Mistake[] = [
    { guess: sum, words: `that is this step’s contribution; add it to the ${plain(first.before)} that is there` },
    ...(mine.length > 1 ? [{ guess: first.before + first.contribution, words: "that is one edge; this operand has two or more" }] : []),
  ];
  const all: Mistake[] = [
    { guess: -truth, words: "the size is right, the sign is not" },
    ...(run.breakage === "overwrite" ? [{ guess: first.before + sum, words: "that would be the sum; here the last contribution replaces what was there" }] : forgotten),
    ...swapped.map((guess) => ({ guess, words: "that belongs to the other operand: the factors are swapped" })),
    { guess: last.local, words: "that is the local derivative alone; multiply it by the upstream gradient" },
    { guess: upstream, words: "that is the upstream gradient alone; multiply it by the local derivative" },
  ];
  return all.filter(({ guess }) => !close(guess, truth));
}

export class Predict {
  private readonly form = byId<HTMLFormElement>("predict");
  private readonly fields = byId("predict-fields");
  private readonly verdict = byId("verdict");
  private readonly tally = byId("tally");
  private right = 0;
  private asked = 0;
  private tries = 0;
  private current: Question[] = [];
  private inputs: HTMLInputElement[] = [];

  constructor(private readonly reveal: () => void) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    byId("reveal").addEventListener("click", () => {
      if (this.tries) this.count();
      this.tell(this.tries ? "Revealed." : "Revealed without a guess.", "");
      this.reveal();
    });
  }

  /** Ask the questions of a step, or hide where there is nothing to ask. */
  ask(run: Run, step: Step, open: boolean): void {
    this.current = open ? questions(run, step) : [];
    this.form.hidden = !this.current.length;
    if (!this.current.length) return;
    this.tries = 0;
    this.tell("", "");
    this.inputs = this.current.map(({ operand, text }, i) =>
      make("input", {
        id: `guess-${i}`,
        inputmode: "text",
        autocomplete: "off",
        "data-operand": String(operand),
        "aria-label": flat(run.graph, text),
      }),
    );
    this.fields.replaceChildren(
      ...this.current.map(({ text }, i) =>
        make("p", {}, make("label", { for: `guess-${i}` }, ...rich(run.graph, text)), this.inputs[i]!),
      ),
    );
  }

  clear(): void {
    this.tell("", "");
  }

  private tell(text: string, kind: string): void {
    this.verdict.className = kind;
    say(this.verdict, text);
  }

  private check(): void {
    const guesses = this.inputs.map((input) => parse(input.value));
    const missing = guesses.findIndex((guess) => guess === undefined);
    if (missing >= 0) {
      this.tell(`Type a number for ${this.current[missing]!.name}, such as −2, 0.25 or 1/4.`, "bad");
      this.inputs[missing]!.focus();
      return;
    }
    this.tries++;
    const good = this.current.map(({ truth }, i) => close(guesses[i]!, truth));
    const first = good.indexOf(false);
    if (first >= 0 && this.tries < TRIES) return this.again(guesses as number[], good, first);
    this.count(good);
    this.tell(this.current.map((question, i) => judged(question, guesses[i]!, good[i]!)).join(" "), first < 0 ? "good" : "bad");
    this.reveal();
  }

  /** Say which guesses are wrong, and what probably went wrong, but not the right number. */
  private again(guesses: number[], good: boolean[], first: number): void {
    const lines = this.current.map(({ name, mistakes: known }, i) => {
      if (good[i]) return `${name} is right.`;
      const likely = known.find(({ guess }) => close(guesses[i]!, guess));
      return `${name} is not ${plain(guesses[i]!)}${likely ? `: ${likely.words}` : ""}.`;
    });
    this.tell(`${lines.join(" ")} Try once more, or reveal.`, "bad");
    this.inputs.forEach((input, i) => {
      input.setAttribute("aria-invalid", String(!good[i]));
      input.readOnly = good[i]!;
    });
    this.inputs[first]!.focus();
    this.inputs[first]!.select();
  }

  private count(good?: boolean[]): void {
    this.asked += this.current.length;
    this.right += good?.filter(Boolean).length ?? this.inputs.filter((input) => input.readOnly).length;
    say(this.tally, `${this.right} of ${this.asked} predictions right so far.`);
  }
}

function judged({ name, truth }: Question, guess: number, good: boolean): string {
  return good ? `Right: ${name} has ${plain(truth)}.` : `Wrong: ${name} has ${plain(truth)}, not ${plain(guess)}.`;
}
