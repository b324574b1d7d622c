// Running text of names and numbers: no line breaks inside a number, and names know their nodes.

import { make } from "./dom";
import { atomic } from "./format";
import type { Graph } from "./graph";

const NAME = /[\ue000\ue002](\d+)\ue001/;
const PIECES = /([\ue000\ue002]\d+\ue001|[≈−]?(?:\d+\.?\d*|\.\d+)(?:e[+−]\d+)?)/u;

/** A place for a node's name in a text; `rich` puts the name there. */
export function nameOf(graph: Graph, index: number): string {
  const node = graph.nodes[index]!;
  return `${atomic(node.name) ? "\ue000" : "\ue002"}${index}\ue001`;
}

/** A text with places for names, as a plain string. */
export function flat(graph: Graph, text: string): string {
  return text.replace(new RegExp(NAME, "g"), (_, index: string) => graph.nodes[Number(index)]!.name);
}

/** The same as elements: numbers that do not break, names that point at their boxes. */
export function rich(graph: Graph, text: string): (Node | string)[] {
  return text.split(PIECES).map((piece, place) => {
    if (place % 2 === 0) return piece;
    const name = NAME.exec(piece);
    if (!name) return make("span", { class: "n" }, piece);
    return nameTag(graph, Number(name[1]));
  });
}

const LONGEST = 32;

/** A node's name that points at its box; a long one is cut, the whole in its tooltip. */
export function nameTag(graph: Graph, index: number): HTMLElement {
  const { name } = graph.nodes[index]!;
  const long = name.length > LONGEST;
  return make("span", { class: "name", "data-node": String(index), ...(long ? { title: name } : {}) }, long ? `${name.slice(0, LONGEST - 1)}…` : name);
}
