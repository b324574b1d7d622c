// Go to a node by its name.

import { byId, make, say } from "./dom";
import type { Graph } from "./graph";

const OFFERED = 20;

/** Let the reader type a name; nodes whose names hold it are offered. */
export function startFinding(graph: Graph, go: (index: number) => void): void {
  const field = byId<HTMLInputElement>("find");
  const offers = byId("found");
  const matches = (text: string): number[] => {
    const wanted = text.trim().toLowerCase();
    const names = graph.nodes.filter((node) => node.kind !== "constant");
    const whole = names.filter((node) => node.name.toLowerCase() === wanted);
    const part = names.filter((node) => node.name.toLowerCase().includes(wanted) && !whole.includes(node));
    return [...whole, ...part].map((node) => node.index);
  };
  field.addEventListener("input", () => {
    const found = matches(field.value).slice(0, OFFERED);
    offers.replaceChildren(...found.map((index) => make("option", { value: graph.nodes[index]!.name })));
  });
  byId("find-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [first] = field.value.trim() ? matches(field.value) : [];
    say(byId("find-note"), first === undefined ? `No node is called “${field.value.trim()}”.` : "");
    if (first !== undefined) go(first);
  });
}
