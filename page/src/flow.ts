// Backward looks backward: on the edges of a step the arrow turns, the local derivative stands on
// the edge, and a pulse carries upstream × local to the operand.

import { brief } from "./format";
import type { Contribution } from "./graph";

const NAMESPACE = "http://www.w3.org/2000/svg";
const SECONDS = 0.9;

function svg(tag: string, attributes: Record<string, string>, text = ""): SVGElement {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  return element;
}

/** The lines of an edge without arrows: an operand that is used twice has two. */
export function lines(d: string): string[] {
  return d.split(/(?=M)/).map((line) => line.replace(/\s*m-6[^]*$/, "").trim());
}

export class Flow {
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly layer: SVGElement) {}

  clear(): void {
    this.layer.replaceChildren();
  }

  /** Draw one edge backwards along its whole line; `parts` are the contributions along it, kept secret where asked; a few have room for numbers that move. */
  draw(edge: SVGElement, d: string | null, parts: Contribution[], secret: boolean, few: boolean): void {
    if (!d) return; // a name that stands for a long edge
    const all = lines(d);
    all.forEach((line, i) => {
      const part = parts[Math.min(i, parts.length - 1)];
      const ends = { "data-from": edge.dataset["from"]!, "data-to": edge.dataset["to"]! };
      const path = svg("path", { d: line, class: "mgv-back-edge", ...ends }) as SVGPathElement;
      const start = path.getPointAtLength(0);
      const head = svg("path", { d: `M${start.x + 8} ${start.y - 5}L${start.x} ${start.y}l8 5`, class: "mgv-back-edge" });
      this.layer.append(path, head);
      if (!part || secret) return;
      const middle = path.getPointAtLength(path.getTotalLength() * (all.length > 1 ? 0.3 + 0.4 * i : 0.3));
      this.layer.append(
        svg("text", { x: String(middle.x), y: String(middle.y - 6), class: "mgv-local", "text-anchor": "middle", ...ends }, `× ${brief(part.local)}`),
      );
      if (!this.still.matches) this.pulse(line, part, few);
    });
  }

  private pulse(line: string, part: Contribution, few: boolean): void {
    const group = svg("g", { class: "mgv-pulse" });
    const motion = svg("animateMotion", { path: line, dur: `${SECONDS}s`, begin: "indefinite", fill: "remove", keyPoints: "1;0", keyTimes: "0;1", calcMode: "linear" });
    group.append(svg("circle", { r: "7" }), motion);
    if (few) group.append(svg("text", { y: "22", "text-anchor": "middle" }, brief(part.contribution)));
    this.layer.append(group);
    motion.addEventListener("endEvent", () => group.remove());
    (motion as SVGAnimationElement).beginElement();
    setTimeout(() => group.remove(), SECONDS * 1000);
  }
}
