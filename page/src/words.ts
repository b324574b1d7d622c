// Each technical word has its line of the glossary at a tap (docs/glossary.md has them all).

import { make } from "./dom";

export const WORDS: Readonly<Record<string, string>> = {
  gradient: "how fast the output changes when this value changes, all else the same.",
  upstream: "the gradient of the node itself, d(output)/d(node), when its turn comes.",
  "local derivative": "how fast one op’s result changes with one of its operands: its partial.",
  contribution: "upstream times local derivative: what a node adds to the gradient of an operand.",
  operand: "an input of an op.",
  leaf: "a node without operands: an input or a parameter.",
  leaves: "nodes without operands: inputs and parameters.",
  constant: "a plain number in an expression; it receives no gradient.",
};

const TERMS = new RegExp(`\\b((?:${Object.keys(WORDS).sort((a, b) => b.length - a.length).join("|")})s?)\\b`, "i");

/** Turn the first use of each word in some elements into a button that tells what it means. */
export function explainWords(body: readonly Element[]): void {
  const told = new Set<string>();
  for (const element of body) {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) if (!text.parentElement!.closest(".name, .n, .formula, summary, th")) mark(text, told);
  }
}

function mark(text: Text, told: Set<string>): void {
  const found = TERMS.exec(text.data);
  const word = found?.[1]!.toLowerCase().replace(/s$/, (s) => (found[1]!.toLowerCase() in WORDS ? s : ""));
  if (!found || !word || told.has(word)) return;
  told.add(word);
  const button = make("button", { type: "button", class: "word", "aria-expanded": "false" }, found[1]!);
  const rest = text.splitText(found.index);
  rest.data = rest.data.slice(found[1]!.length);
  rest.before(button);
  button.addEventListener("click", () => toggle(button, word));
  mark(rest, told);
}

function toggle(button: HTMLElement, word: string): void {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  const block = button.closest("p, h3, li") ?? button;
  if (open) block.nextElementSibling?.remove();
  else block.after(make("p", { class: "gloss" }, make("strong", {}, word), `: ${WORDS[word]!}`));
}
