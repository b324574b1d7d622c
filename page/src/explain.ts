// What the page says at each step: built as elements, so that a label can never become markup.

import { make } from "./dom";
import { factor, plain } from "./format";
import type { Breakage, Contribution, Graph, Node } from "./graph";
import { OPS } from "./ops";
import type { Run, Step } from "./steps";

export interface Explanation {
  title: string;
  body: Element[];
}

const LISTED = 12;

export function explain(run: Run, at: number, hidden: boolean): Explanation {
  const step = run.steps[at]!;
  switch (step.kind) {
    case "start":
      return start(run);
    case "forward":
      return { title: `Forward ${step.number} of ${step.total}: ${step.node.name}`, body: forwardBody(run, step.node) };
    case "seed":
      return { title: `Backward begins at ${step.node.name}`, body: seedBody(run, step.node) };
    case "backward":
      return {
        title: `Backward ${step.number} of ${step.total}: through ${step.node.name}`,
        body: backwardBody(run, step, hidden),
      };
    case "end":
      return end(run);
  }
}

function paragraph(text: string, kind = ""): HTMLElement {
  return make("p", kind ? { class: kind } : {}, text);
}

function start(run: Run): Explanation {
  const { nodes } = run.graph;
  const ops = nodes.filter((node) => node.kind === "op").length;
  const leaves = nodes.filter((node) => node.kind === "leaf").length;
  return {
    title: "Ready",
    body: [
      paragraph(
        `${ops} operation${ops === 1 ? "" : "s"} on ${leaves} ${leaves === 1 ? "leaf" : "leaves"}. ` +
          "First every value is computed forwards, operands before users. Then gradients flow backwards, " +
          "from the output to the leaves.",
      ),
      paragraph("Press Next, or the right arrow key."),
    ],
  };
}

function name(graph: Graph, index: number): string {
  return graph.nodes[index]!.name;
}

/** The node's formula, once with names and once with numbers. */
export function formulas(run: Run, node: Node): { names: string; numbers: string } {
  const names = node.operands.map((operand) => name(run.graph, operand));
  const numbers = node.operands.map((operand) => factor(run.values[operand]!));
  if (node.recorded) {
    const list = (items: string[]): string => `${node.op}(${items.join(", ")})`;
    return { names: list(names), numbers: list(numbers) };
  }
  const rules = OPS[node.op]!;
  return { names: rules.formula(names), numbers: rules.formula(numbers) };
}

function forwardBody(run: Run, node: Node): Element[] {
  const { names, numbers } = formulas(run, node);
  const body = [
    paragraph(`${node.name} = ${names}`, "formula"),
    paragraph(`= ${numbers} = ${plain(run.values[node.index]!)}`, "formula"),
  ];
  if (node.recorded) {
    const doc = node.recorded.doc ? ` Its formula: ${node.recorded.doc}.` : "";
    body.push(paragraph(`The op ${node.op} comes from a plugin; this number was recorded by Python.${doc}`));
  }
  return body;
}

function seedBody(run: Run, node: Node): Element[] {
  const rest =
    run.breakage === "unzeroed"
      ? "The leaves still hold the gradients of an earlier backward pass: nobody set them to zero."
      : "All other gradients start at 0.";
  return [
    paragraph(`∂${node.name}/∂${node.name} = 1`, "formula"),
    paragraph(`How fast does ${node.name} change with itself? Exactly as fast: its gradient is 1. ${rest}`),
  ];
}

function backwardBody(run: Run, step: Step & { kind: "backward" }, hidden: boolean): Element[] {
  const { node } = step;
  const output = name(run.graph, run.graph.output);
  const body = [
    paragraph(`${node.name} = ${formulas(run, node).names}`, "formula"),
    paragraph(`Upstream gradient: ∂${output}/∂${node.name} = ${plain(step.step.upstream)}`),
  ];
  if (hidden) {
    body.push(paragraph("Predict the gradients below, then check or reveal them."));
    return body;
  }
  if (!step.step.contributions.length)
    body.push(paragraph("All operands are constants: they receive no gradient."));
  body.push(make("ol", { class: "parts" }, ...step.step.contributions.map((part) => card(run, node, part))));
  return body;
}

function card(run: Run, node: Node, part: Contribution): HTMLElement {
  const operand = name(run.graph, part.operand);
  const upstream = run.sweep.steps.find((step) => step.node === node.index)!.upstream;
  const names = node.operands.map((item) => name(run.graph, item));
  const formula = node.recorded ? "recorded by Python" : OPS[node.op]!.derivatives(names)[part.place]!;
  const shared = run.graph.uses[part.operand]! > 1;
  const item = make(
    "li",
    {},
    make("h3", {}, `To ${operand}`),
    paragraph(`local derivative ∂${node.name}/∂${operand} = ${equals(formula, plain(part.local))}`),
    make(
      "p",
      { class: "product" },
      make("span", { class: "upstream" }, factor(upstream)),
      " × ",
      make("span", { class: "local" }, factor(part.local)),
      " = ",
      make("strong", {}, plain(part.contribution)),
    ),
    paragraph("upstream × local = contribution", "caption"),
  );
  item.append(added(run, part, operand, shared));
  return item;
}

/** Write a formula and its number, or just the number where they are the same. */
function equals(formula: string, number: string): string {
  return formula === number ? number : `${formula} = ${number}`;
}

function added(run: Run, part: Contribution, operand: string, shared: boolean): HTMLElement {
  if (run.breakage === "overwrite" && part.before !== 0)
    return paragraph(`Overwritten: ${plain(part.before)} is lost, ${operand} now holds ${plain(part.after)}`, "sum bad");
  if (part.before !== 0 || shared) {
    const why = shared ? `${operand} is used ${run.graph.uses[part.operand]} times, so contributions add up: ` : "";
    return paragraph(`${why}${plain(part.before)} + ${factor(part.contribution)} = ${plain(part.after)}`, "sum");
  }
  return paragraph(`gradient of ${operand}: ${plain(part.after)}`, "sum");
}

function end(run: Run): Explanation {
  const output = name(run.graph, run.graph.output);
  const leaves = run.graph.nodes.filter((node) => node.kind === "leaf");
  const items = leaves
    .slice(0, LISTED)
    .map((node) => make("li", {}, `∂${output}/∂${node.name} = ${plain(run.sweep.grads[node.index]!)}`));
  const rest = leaves.length - items.length;
  const wrong = run.wrong().length;
  const verdict = wrong
    ? `Every node has been visited, but ${wrong} gradient${wrong === 1 ? " is" : "s are"} wrong: the boxes with a dashed frame. The leaves have:`
    : "Every gradient is there. Each tells how fast the output changes when that leaf changes:";
  const body: Element[] = [
    paragraph(verdict),
    make("ul", { class: "results" }, ...items),
  ];
  if (rest > 0) body.push(paragraph(`and ${rest} more, in the table of all numbers.`));
  return { title: "Done", body };
}

const MISTAKES: Record<Exclude<Breakage, "none">, { what: string; harmless: string }> = {
  order: {
    what:
      "Nodes are visited operands first. A node then hands its gradient on before it has received it, " +
      "so 0 is what arrives at everything further down.",
    harmless: "Here it does no harm: there is only one operation.",
  },
  overwrite: {
    what:
      "A shared node keeps only the last contribution, because each one overwrites the one before. " +
      "The chain rule for several paths says: add them.",
    harmless: "Here it does no harm: no node is used twice. Try it with an expression such as x * x.",
  },
  unzeroed: {
    what:
      "A second backward pass adds to the gradients that the first one left in the leaves. " +
      "Set them to zero before each pass, as zero_grad() does.",
    harmless: "Here it does no harm: the gradients of the first pass were all 0.",
  },
};

/** Say what a breakage does, and which gradients end up wrong. */
export function mistake(run: Run): Element[] {
  if (run.breakage === "none") return [paragraph("Everything is done right.")];
  const { what, harmless } = MISTAKES[run.breakage];
  const wrong = run.wrong();
  if (!wrong.length) return [paragraph(what), paragraph(harmless)];
  const items = wrong
    .slice(0, LISTED)
    .map((i) =>
      make("li", {}, `${name(run.graph, i)}: ${plain(run.sweep.grads[i]!)}, should be ${plain(run.right[i]!)}`),
    );
  const more = wrong.length > items.length ? [paragraph(`and ${wrong.length - items.length} more.`)] : [];
  const count = `${wrong.length} gradient${wrong.length === 1 ? "" : "s"} end${wrong.length === 1 ? "s" : ""} up wrong:`;
  return [paragraph(what), paragraph(count, "bad"), make("ul", { class: "results" }, ...items), ...more];
}
