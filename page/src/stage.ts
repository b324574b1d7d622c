// The drawing in its scrolling frame: zoom, centre a box, and keep only what is in sight attached.

import { byId } from "./dom";

const SMALLEST = 0.1;
const LARGEST = 4;
const ATTACH_ALL = 1500;
const MARGIN = 500; // pixels around the frame that are attached as well

interface Item {
  element: SVGElement;
  layer: Element;
  left: number;
  top: number;
  right: number;
  bottom: number;
  attached: boolean;
}

/** The box around a path of absolute M, C, L and H commands. */
export function pathBounds(d: string): [number, number, number, number] {
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [, command, text] of d.matchAll(/([MCLH])([^A-Za-z]*)/g)) {
    const numbers = text!.trim().split(/[ ,]+/).map(Number);
    numbers.forEach((number, i) => (command === "H" || i % 2 === 0 ? xs : ys).push(number));
  }
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

export class Stage {
  private zoom = 1;
  private svg: SVGSVGElement | undefined;
  private items: Item[] = [];
  private boxes = new Map<string, Item>();

  constructor(private readonly frame: HTMLElement) {
    byId("zoom-in").addEventListener("click", () => this.scale(this.zoom * 1.25));
    byId("zoom-out").addEventListener("click", () => this.scale(this.zoom / 1.25));
    byId("zoom-fit").addEventListener("click", () => this.fit(SMALLEST));
    frame.addEventListener("scroll", () => this.attach(), { passive: true });
    window.addEventListener("resize", () => this.attach());
  }

  /** Show the drawing of a template; its elements come back, by the names of their boxes. */
  load(template: HTMLTemplateElement): { boxes: Map<string, SVGElement>; edges: SVGElement[] } {
    const svg = template.content.querySelector<SVGSVGElement>("svg.mgv")!.cloneNode(true) as SVGSVGElement;
    this.svg = svg;
    this.boxes.clear();
    const edges = [...svg.querySelectorAll<SVGElement>(".mgv-edge")];
    const boxes = [...svg.querySelectorAll<SVGElement>(".mgv-box")];
    this.items = [...edges.map(edgeItem), ...boxes.map(boxItem)];
    for (const item of this.items) item.element.remove();
    for (const item of this.items.slice(edges.length)) this.boxes.set(item.element.dataset["box"]!, item);
    this.frame.replaceChildren(svg);
    return { edges, boxes: new Map([...this.boxes].map(([name, item]) => [name, item.element])) };
  }

  private get size(): { width: number; height: number } {
    return this.svg!.viewBox.baseVal;
  }

  /** Fit the drawing into the frame, but never below `smallest`, where text stops being legible. */
  fit(smallest: number): void {
    const { width, height } = this.size;
    const room = Math.min(this.frame.clientWidth / width, this.frame.clientHeight / height);
    this.scale(Math.max(smallest, Math.min(room, 1.4)));
  }

  /** Change the size; what stands in the middle of the frame stays there. */
  private scale(zoom: number): void {
    const { frame } = this;
    const x = (frame.scrollLeft + frame.clientWidth / 2) / this.zoom;
    const y = (frame.scrollTop + frame.clientHeight / 2) / this.zoom;
    this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
    this.svg!.setAttribute("width", String(this.size.width * this.zoom));
    this.svg!.setAttribute("height", String(this.size.height * this.zoom));
    frame.scrollTo(x * this.zoom - frame.clientWidth / 2, y * this.zoom - frame.clientHeight / 2);
    this.attach();
  }

  /** Scroll so that a box stands near the middle. */
  centre(name: string): void {
    const item = this.boxes.get(name);
    if (!item) return;
    this.frame.scrollTo({
      left: ((item.left + item.right) / 2) * this.zoom - this.frame.clientWidth / 2,
      top: ((item.top + item.bottom) / 2) * this.zoom - this.frame.clientHeight / 2,
      behavior: "instant",
    });
    this.attach();
  }

  private attach(): void {
    const all = this.items.length <= ATTACH_ALL;
    const left = (this.frame.scrollLeft - MARGIN) / this.zoom;
    const top = (this.frame.scrollTop - MARGIN) / this.zoom;
    const right = (this.frame.scrollLeft + this.frame.clientWidth + MARGIN) / this.zoom;
    const bottom = (this.frame.scrollTop + this.frame.clientHeight + MARGIN) / this.zoom;
    for (const item of this.items) {
      const seen =
        all || (item.right >= left && item.left <= right && item.bottom >= top && item.top <= bottom);
      if (seen === item.attached) continue;
      item.attached = seen;
      if (seen) item.layer.append(item.element);
      else item.element.remove();
    }
  }
}

function edgeItem(element: SVGElement): Item {
  const [left, top, right, bottom] = pathBounds(element.getAttribute("d")!);
  return { element, layer: element.parentElement!, left, top, right, bottom, attached: false };
}

function boxItem(element: SVGElement): Item {
  const [x, y] = element.getAttribute("transform")!.match(/-?[\d.]+/g)!.map(Number) as [number, number];
  const [width, height] = element.dataset["size"]!.split(" ").map(Number) as [number, number];
  const half = height / 2;
  return { element, layer: element.parentElement!, left: x, top: y - half, right: x + width, bottom: y + half, attached: false };
}
