// What the page says at each step: built as elements, so that a label can never become markup.

import { make } from "./dom";
import { addsUp, holds, localHolds, multiplies } from "./exact";
import { bracketed, equals, full, plain, ROUNDED, shown } from "./format";
import type { Breakage, Contribution, Graph, Node } from "./graph";
import { OPS } from "./ops";
import { flat, nameOf, rich } from "./rich";
import { type Run, same, type Step } from "./steps";

export interface Explanation {
  title: string;
  body: Element[];
}

const LISTED = 12;
const CARDS = 6; // contributions that are told one by one

export function explain(run: Run, at: number, hidden: boolean): Explanation {
  const step = run.steps[at]!;
  switch (step.kind) {
    case "start":
      return start(run);
    case "forward":
      return { title: `Forward ${step.number} of ${step.total}: ${cut(step.node.name)}`, body: forwardBody(run, step.node) };
    case "seed":
      return { title: `Backward begins at ${cut(step.node.name)}`, body: seedBody(run, step.node) };
    case "backward":
      return {
        title: `Backward ${step.number} of ${step.total}: through ${cut(step.node.name)}`,
        body: backwardBody(run, step, hidden),
      };
    case "end":
      return end(run);
  }
}

const LONGEST = 80;

function cut(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}

function paragraph(graph: Graph, text: string, kind = ""): HTMLElement {
  return make("p", kind ? { class: kind } : {}, ...rich(graph, text));
}

function counted(count: number, word: string, several = `${word}s`): string {
  return `${count} ${count === 1 ? word : several}`;
}

function start(run: Run): Explanation {
  const { nodes } = run.graph;
  const ops = nodes.filter((node) => node.kind === "op").length;
  const leaves = nodes.filter((node) => node.kind === "leaf").length;
  const what = `${counted(ops, "operation")} on ${counted(leaves, "leaf", "leaves")}. `;
  return {
    title: "Ready",
    body: [
      make(
        "p",
        {},
        `${what}First every value is computed forwards, operands before users. Then gradients flow backwards, ` +
          "from the output to the leaves.",
      ),
      make("p", {}, "Press Next, or the right arrow key."),
    ],
  };
}

/** The node's formula, once with names and once with numbers, and whether every number is whole. */
export function formulas(run: Run, node: Node): { names: string; numbers: string; exact: boolean } {
  const names = node.operands.map((operand) => nameOf(run.graph, operand));
  const numbers = node.operands.map((operand) => shown(run.values[operand]!));
  const formula = node.recorded
    ? (items: string[]): string => `${node.op}(${items.join(", ")})`
    : OPS[node.op]!.formula;
  return {
    names: formula(names),
    numbers: formula(numbers.map((number) => number.text)),
    exact: numbers.every((number) => number.exact),
  };
}

/** "a × b = c", with "≈" where that is not exactly true as it stands there. */
function equation(left: string, exactLeft: boolean, result: number, isTrue: boolean): string {
  const { text, exact } = shown(result);
  return `${left} ${exactLeft && exact && isTrue ? "=" : ROUNDED} ${text}`;
}

function forwardBody(run: Run, node: Node): Element[] {
  const { graph, values } = run;
  const { names, numbers, exact } = formulas(run, node);
  const operands = node.operands.map((operand) => values[operand]!);
  const isTrue = !node.recorded && holds(node.op, operands, values[node.index]!);
  const left = `${exact ? "=" : ROUNDED} ${numbers}`;
  const body: Element[] = [
    paragraph(graph, `${nameOf(graph, node.index)} = ${names}`, "formula"),
    paragraph(graph, equation(left, exact, values[node.index]!, isTrue), "formula"),
  ];
  if (node.recorded) {
    const doc = node.recorded.doc ? ` Its formula: ${node.recorded.doc}.` : "";
    body.push(make("p", {}, `This page does not compute ${node.op}; the number was recorded by Python.${doc}`));
  }
  if (node.op === "dot") body.push(pairs(run, node));
  body.push(...rule(graph, node));
  return body;
}

/** The products that a dot adds up, weight beside input. */
function pairs(run: Run, node: Node): Element {
  const { graph, values } = run;
  const half = node.operands.length / 2;
  const rows = node.operands.slice(0, half).map((left, i) => {
    const right = node.operands[half + i]!;
    const [a, b] = [values[left]!, values[right]!];
    const product = shown(a * b);
    const exact = shown(a).exact && shown(b).exact && product.exact && multiplies([a, b], a * b);
    const numbers = `${bracketed(shown(a).text)} × ${bracketed(shown(b).text)} ${exact ? "=" : ROUNDED} ${product.text}`;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, ...rich(graph, `${bracketed(nameOf(graph, left))} × ${bracketed(nameOf(graph, right))}`)),
      make("td", {}, ...rich(graph, numbers)),
    );
  });
  const table = (body: Element[]): HTMLElement => make("table", { class: "pairs" }, make("tbody", {}, ...body));
  if (rows.length <= CARDS) return table(rows);
  const more = make("details", { class: "many" }, make("summary", {}, `${rows.length - CARDS + 1} more products`), table(rows.slice(CARDS - 1)));
  return make("div", {}, table(rows.slice(0, CARDS - 1)), more);
}

/** The rule of an op as a card: what its author says, and its partials. */
function rule(graph: Graph, node: Node): Element[] {
  const known = graph.rules[node.op];
  const ours = node.recorded ? undefined : OPS[node.op];
  if (!known && !ours) return [];
  const names = node.operands.map((_, i) => (node.operands.length < 4 ? "xyz"[i]! : `x${i + 1}`));
  const lines: HTMLElement[] = [];
  if (known?.doc) lines.push(make("p", {}, `${node.op}: ${known.doc}`));
  if (ours && node.operands.length < 4) {
    lines.push(make("p", { class: "formula" }, `out = ${ours.formula(names)}`));
    ours.derivatives(names).forEach((text, i) => lines.push(make("p", { class: "formula" }, `∂out/∂${names[i]} = ${text}`)));
  }
  if (known?.text) lines.push(...known.text.split(/\n\s*\n/).map((part) => make("p", { class: "hint" }, part.replaceAll(/\s+/g, " "))));
  return [make("details", { class: "rule" }, make("summary", {}, `The rule of ${node.op}`), ...lines)];
}

/** "∂L/∂x" with places for the names. */
export function slope(graph: Graph, of: number, by: number): string {
  return `∂${bracketed(nameOf(graph, of))}/∂${bracketed(nameOf(graph, by))}`;
}

function seedBody(run: Run, node: Node): Element[] {
  const { graph } = run;
  const rest =
    run.breakage === "unzeroed"
      ? "The leaves still hold the gradients of an earlier backward pass: nobody set them to zero."
      : "All other gradients start at 0.";
  return [
    paragraph(graph, `${slope(graph, node.index, node.index)} = 1`, "formula"),
    paragraph(
      graph,
      `How fast does ${nameOf(graph, node.index)} change with itself? Exactly as fast: its gradient is 1. ${rest}`,
    ),
  ];
}

function backwardBody(run: Run, step: Step & { kind: "backward" }, hidden: boolean): Element[] {
  const { node } = step;
  const { graph } = run;
  const body: Element[] = [
    paragraph(graph, `${nameOf(graph, node.index)} = ${formulas(run, node).names}`, "formula"),
    upstreamLine(run, node, step.step.upstream),
  ];
  if (hidden) {
    body.push(make("p", {}, "Predict the gradients below, then check or reveal them."));
    return body;
  }
  const { contributions } = step.step;
  if (!contributions.length) body.push(make("p", {}, "All operands are constants: they receive no gradient."));
  const single = contributions.length > CARDS ? CARDS - 1 : contributions.length;
  const cards = contributions.slice(0, single).map((part) => card(run, node, step.step.upstream, part));
  body.push(make("ol", { class: "parts" }, ...cards));
  if (contributions.length > single) body.push(grouped(run, node, contributions.slice(single)));
  if (run.breakage !== "overwrite") body.push(...together(run, node, contributions));
  body.push(...rule(graph, node));
  return body;
}

/** What is handed on: the gradient where it is one, and what is stored where it is not. */
function upstreamLine(run: Run, node: Node, upstream: number): Element {
  const { graph } = run;
  const truth = run.right[node.index]!;
  const gradient = slope(graph, graph.output, node.index);
  if (same(upstream, truth)) return paragraph(graph, `Upstream gradient: ${gradient} ${equals(upstream)}`);
  return paragraph(
    graph,
    `Upstream is what ${nameOf(graph, node.index)} holds now: ${plain(upstream)}. That is not ${gradient}, which is ${plain(truth)}.`,
    "bad",
  );
}

const PLACES = ["first", "second", "third", "fourth", "fifth", "sixth"];

function card(run: Run, node: Node, upstream: number, part: Contribution): HTMLElement {
  const { graph } = run;
  const operand = nameOf(graph, part.operand);
  const repeated = node.operands.filter((other) => other === part.operand).length > 1;
  const place = PLACES[part.place] ?? `${part.place + 1}th`;
  const edge = { "data-from": String(part.operand), "data-to": String(node.index) };
  const item = make(
    "li",
    edge,
    make("h3", {}, ...rich(graph, repeated ? `To ${operand}, as ${place} operand` : `To ${operand}`)),
    paragraph(graph, localLine(run, node, part, repeated)),
  );
  item.append(...productLines(graph, node, upstream, part), added(run, part, operand));
  return item;
}

/** The local derivative; where a node takes an operand twice, each edge has only its share of it. */
function localLine(run: Run, node: Node, part: Contribution, repeated: boolean): string {
  const { graph } = run;
  const what = repeated
    ? "local derivative through this edge"
    : `local derivative ${slope(graph, node.index, part.operand)}`;
  if (node.recorded) return `${what} ${equals(part.local)}, recorded by Python`;
  const names = node.operands.map((item) => nameOf(graph, item));
  const formula = OPS[node.op]!.derivatives(names)[part.place]!;
  const known = localHolds(node.op, node.operands.map((item) => run.values[item]!), part.place, part.local);
  const number = known ? equals(part.local) : equals(part.local).replace("=", ROUNDED);
  return flat(graph, formula) === number.slice(2) ? `${what} ${number}` : `${what} = ${formula} ${number}`;
}

function productLines(graph: Graph, node: Node, upstream: number, part: Contribution): Element[] {
  const zero = upstream === 0 && !Number.isFinite(part.local);
  if (zero) return [paragraph(graph, "Upstream is 0, so 0 is handed on, whatever the local derivative.")];
  const [up, local, out] = [shown(upstream), shown(part.local), shown(part.contribution)];
  const nothing = (upstream === 0 || part.local === 0) && part.contribution === 0; // whatever the other factor's digits
  const exact = nothing || (up.exact && local.exact && out.exact && multiplies([upstream, part.local], part.contribution));
  const number = (kind: string, text: string, title: number): HTMLElement =>
    make("span", { class: `n ${kind}`, title: full(title), "data-node": String(node.index), ...edgeOf(kind, node, part) }, text);
  return [
    make(
      "p",
      { class: "product" },
      number("upstream", bracketed(up.text), upstream),
      " × ",
      number("local", bracketed(local.text), part.local),
      exact ? " = " : ` ${ROUNDED} `,
      make("strong", { class: "n", title: full(part.contribution) }, out.text),
    ),
    make("p", { class: "caption" }, "upstream × local = contribution"),
  ];
}

function edgeOf(kind: string, node: Node, part: Contribution): Record<string, string> {
  return kind === "local" ? { "data-from": String(part.operand), "data-to": String(node.index) } : {};
}

/** "1 + 2 = 3", with "≈" where the terms as written do not add up to the sum as written. */
export function sumText(terms: number[], total: number): string {
  const parts = terms.map(shown);
  const [first, ...rest] = parts.map((part) => part.text);
  const left = [first!, ...rest.map(bracketed)].join(" + ");
  return equation(left, parts.every((part) => part.exact), total, addsUp(terms, total));
}

function added(run: Run, part: Contribution, operand: string): HTMLElement {
  const { graph, breakage } = run;
  const uses = graph.uses[part.operand]!;
  const after = plain(part.after);
  if (breakage === "overwrite") {
    if (part.before === 0) return paragraph(graph, `${operand} now holds ${after}`, "sum");
    return paragraph(graph, `Overwritten: ${plain(part.before)} is lost, ${operand} now holds ${after}`, "sum bad");
  }
  const total = sumText([part.before, part.contribution], part.after);
  if (breakage === "unzeroed" && uses === 1 && part.before !== 0)
    return paragraph(graph, `${operand} still held ${plain(part.before)} from the earlier pass: ${total}`, "sum bad");
  if (breakage === "order" && uses === 1) return paragraph(graph, `${operand} now holds ${after}`, "sum");
  if (part.before !== 0 || uses > 1)
    return paragraph(graph, `${operand} is used ${uses} times, so contributions add up: ${total}`, "sum");
  return paragraph(graph, `gradient of ${operand}: ${after}`, "sum");
}

/** How the edges of an operand that a node takes several times add up to its local derivative. */
function together(run: Run, node: Node, contributions: Contribution[]): Element[] {
  const { graph } = run;
  const repeated = [...new Set(contributions.map((part) => part.operand))].filter(
    (operand) => contributions.filter((part) => part.operand === operand).length > 1,
  );
  return repeated.slice(0, CARDS).map((operand) => {
    const edges = contributions.filter((part) => part.operand === operand).map((part) => part.local);
    const total = edges.reduce((sum, local) => sum + local, 0);
    const sum = edges.length <= CARDS ? sumText(edges, total) : plain(total);
    const times = edges.length === 2 ? "twice" : `${edges.length} times`;
    return paragraph(
      graph,
      `${nameOf(graph, node.index)} takes ${nameOf(graph, operand)} ${times}: its edges together give ` +
        `${slope(graph, node.index, operand)} ${sum.includes(ROUNDED) ? ROUNDED : "="} ${sum}`,
      "together",
    );
  });
}

/** Many contributions as one folded table. */
function grouped(run: Run, node: Node, parts: Contribution[]): HTMLElement {
  const { graph } = run;
  const rows = parts.slice(0, LISTED * 10).map((part) =>
    make(
      "tr",
      { "data-from": String(part.operand), "data-to": String(node.index) },
      make("th", { scope: "row" }, ...rich(graph, nameOf(graph, part.operand))),
      ...[part.local, part.contribution, part.after].map((x) => make("td", { title: full(x) }, ...rich(graph, plain(x)))),
    ),
  );
  const head = ["to", "local derivative", "contribution", run.breakage === "none" ? "gradient so far" : "now stored"];
  const more = parts.length - rows.length;
  return make(
    "details",
    { class: "many" },
    make("summary", {}, `${parts.length} more contributions`),
    make(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-label": "More contributions" },
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, ...head.map((word) => make("th", { scope: "col" }, word)))),
        make("tbody", {}, ...rows),
      ),
    ),
    ...(more > 0 ? [make("p", {}, `and ${more} more.`)] : []),
  );
}

function end(run: Run): Explanation {
  const { graph } = run;
  const leaves = graph.nodes.filter((node) => node.kind === "leaf");
  const items = leaves.slice(0, LISTED).map((node) => make("li", {}, ...rich(graph, result(run, node.index))));
  const rest = leaves.length - items.length;
  const wrong = run.wrong().length;
  const verdict = wrong
    ? `Every node has been visited, but ${counted(wrong, "gradient is", "gradients are")} wrong: the boxes with a dashed frame. The leaves have:`
    : "Every gradient is there. Each tells how fast the output changes when that leaf changes:";
  const body: Element[] = [make("p", {}, verdict), make("ul", { class: "results" }, ...items)];
  if (rest > 0) body.push(make("p", {}, `and ${rest} more, in the table of all numbers.`));
  return { title: "Done", body };
}

function result(run: Run, index: number): string {
  const { graph } = run;
  const [is, should] = [run.sweep.grads[index]!, run.right[index]!];
  const gradient = slope(graph, graph.output, index);
  if (same(is, should)) return `${gradient} ${equals(is)}`;
  return `${nameOf(graph, index)} holds ${plain(is)}, but ${gradient} ${equals(should)}`;
}

export const BROKEN: Record<Exclude<Breakage, "none">, string> = {
  order: "Broken on purpose: wrong order, operands first.",
  overwrite: "Broken on purpose: contributions overwrite each other.",
  unzeroed: "Broken on purpose: gradients of an earlier pass were not set to zero.",
};

const MISTAKES: Record<Exclude<Breakage, "none">, { what: string; harmless: string }> = {
  order: {
    what:
      "Nodes are visited operands first. A node then hands on what it holds before its own gradient has arrived, " +
      "so 0 is what goes to everything further down.",
    harmless: "Here it does no harm: there is only one operation.",
  },
  overwrite: {
    what:
      "A shared node keeps only the last contribution, because each one overwrites the one before. " +
      "The chain rule for several paths says: add them.",
    harmless: "Here it does no harm: no node is used twice. Try it with an expression such as x × x.",
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
  const { graph } = run;
  if (run.breakage === "none") return [make("p", {}, "Everything is done right.")];
  const { what, harmless } = MISTAKES[run.breakage];
  const wrong = run.wrong();
  if (!wrong.length) return [make("p", {}, what), make("p", {}, harmless)];
  const items = wrong
    .slice(0, LISTED)
    .map((i) =>
      make("li", {}, ...rich(graph, `${nameOf(graph, i)}: ${plain(run.sweep.grads[i]!)}, should be ${plain(run.right[i]!)}`)),
    );
  const more = wrong.length > items.length ? [make("p", {}, `and ${wrong.length - items.length} more.`)] : [];
  const count = counted(wrong.length, "gradient ends up wrong:", "gradients end up wrong:");
  return [make("p", {}, what), make("p", { class: "bad" }, count), make("ul", { class: "results" }, ...items), ...more];
}
