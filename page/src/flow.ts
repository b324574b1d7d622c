// Backward looks backward: on the edges of a step the arrow turns, the local derivative stands on
// the edge, and a pulse carries upstream × local to the operand.

import { brief } from "./format";
import type { Contribution } from "./graph";
import { HEIGHT, type Point, placeOf, type Rect, widthOf } from "./labels";

const NAMESPACE = "http://www.w3.org/2000/svg";
const SECONDS = 0.9;
const FEW = 2; // contributions whose numbers have room to move
const LISTED = 3; // local derivatives in one label
const SAMPLES = [0.15, 0.3, 0.45, 0.6, 0.75, 0.9]; // points of a line that labels keep clear of

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

/** An edge that a step goes along, its whole line, and the contributions it bears. */
export interface Live {
  edge: SVGElement;
  d: string;
  parts: Contribution[];
}

/** A line of an edge: an operand that is used twice has two, one for each contribution. */
interface Line {
  d: string;
  path: SVGPathElement;
  parts: Contribution[];
  ends: Record<string, string>;
}

export class Flow {
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly layer: SVGElement) {}

  clear(): void {
    this.layer.replaceChildren();
  }

  /** Draw edges backwards; what they bear is kept secret where asked, else set where no box is. */
  draw(live: readonly Live[], boxes: readonly Rect[], secret: boolean): void {
    const all = live.flatMap((edge) => this.linesOf(edge));
    if (secret) return;
    const moving = all.flatMap((line) => line.parts.map((part) => ({ line, part })));
    if (!this.still.matches) for (const { line, part } of moving) this.pulse(line, part, moving.length <= FEW);
    const points = all.map(({ path }) => SAMPLES.map(along(path)));
    const labels: Rect[] = [];
    all.forEach((line, i) => {
      const text = `× ${list(line.parts.map(({ local }) => brief(local)))}`;
      const others = points.filter((_, other) => other !== i).flat();
      const place = placeOf(widthOf(text), along(line.path), { boxes, labels, points: others });
      labels.push(place);
      const at = { x: String((place.left + place.right) / 2), y: String(place.bottom - HEIGHT / 4) };
      this.layer.append(svg("text", { ...at, class: "mgv-local", "text-anchor": "middle", ...line.ends }, text));
    });
  }

  private linesOf({ edge, d, parts }: Live): Line[] {
    const ends = { "data-from": edge.dataset["from"]!, "data-to": edge.dataset["to"]! };
    const all = lines(d);
    return all.map((line, i) => {
      const path = svg("path", { d: line, class: "mgv-back-edge", ...ends }) as SVGPathElement;
      const start = path.getPointAtLength(0);
      const head = svg("path", { d: `M${start.x + 8} ${start.y - 5}L${start.x} ${start.y}l8 5`, class: "mgv-back-edge" });
      this.layer.append(path, head);
      return { d: line, path, ends, parts: i < all.length - 1 ? parts.slice(i, i + 1) : parts.slice(i) };
    });
  }

  private pulse({ d, path }: Line, part: Contribution, few: boolean): void {
    const group = svg("g", { class: "mgv-pulse" });
    const motion = svg("animateMotion", { path: d, dur: `${SECONDS}s`, begin: "indefinite", fill: "remove", keyPoints: "1;0", keyTimes: "0;1", calcMode: "linear" });
    group.append(svg("circle", { r: "7" }), motion);
    if (few) group.append(svg("text", { y: rises(path) ? "-11" : "22", "text-anchor": "middle" }, brief(part.contribution)));
    this.layer.append(group);
    motion.addEventListener("endEvent", () => group.remove());
    (motion as SVGAnimationElement).beginElement();
    setTimeout(() => group.remove(), SECONDS * 1000);
  }
}

function along(path: SVGPathElement): (share: number) => Point {
  const length = path.getTotalLength();
  return (share) => path.getPointAtLength(length * share);
}

/** Whether a line leads up to its operand: what it bears moves above it then, away from the other one. */
function rises(path: SVGPathElement): boolean {
  const at = along(path);
  return at(0).y < at(1).y - 1;
}

function list(texts: string[]): string {
  return texts.length > LISTED ? `${texts.slice(0, LISTED).join(", ")}, …` : texts.join(", ");
}
