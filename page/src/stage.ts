// The drawing in its scrolling frame: pan, zoom, centre a box, and keep only what is in sight attached.

import { byId } from "./dom";
import { LongLine } from "./longline";

const SMALLEST = 0.02;
const LARGEST = 4;
const STEP = 1.25;
const PAN = 80; // pixels a key moves
const ATTACH_ALL = 1500;
const MARGIN = 150; // pixels around the frame that are attached as well
const NARROW = 600;
const CIRCLE = 20;
const DRAG = 4; // pixels a pointer moves before it drags

interface Item {
  element: SVGElement;
  layer: Element;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** A long line, of which only what is near the frame is drawn. */
  line: LongLine | undefined;
  attached: boolean;
}

/** A drawing that was loaded. */
export interface Sheet {
  svg: SVGSVGElement;
  items: Item[];
  boxes: Map<string, Item>;
}

export interface Loaded {
  boxes: Map<string, SVGElement>;
  edges: SVGElement[];
  sheet: Sheet;
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

const LONG = 1000; // pixels; a shorter line is drawn as a whole or not at all

export class Stage {
  private zoom = 1;
  /** The smallest zoom of the last fit, until the reader chooses a size. */
  private fitted: number | undefined;
  private svg: SVGSVGElement | undefined;
  private items: Item[] = [];
  private boxes = new Map<string, Item>();
  private centred: string | undefined;
  /** What is attached now: nothing is to be done until that changes. */
  private sight = "";

  constructor(private readonly frame: HTMLElement) {
    byId("zoom-in").addEventListener("click", () => this.scale(this.zoom * STEP));
    byId("zoom-out").addEventListener("click", () => this.scale(this.zoom / STEP));
    byId("zoom-fit").addEventListener("click", () => this.fit(SMALLEST));
    frame.addEventListener("scroll", () => this.attach(), { passive: true });
    new ResizeObserver(() => this.resized()).observe(frame);
    addEventListener("beforeprint", () => this.attach(true));
    addEventListener("afterprint", () => this.attach());
    this.listenToWheel();
    this.listenToPointers();
    this.listenToKeys();
  }

  /** Show the drawing of a template; its elements come back, by the names of their boxes. */
  load(template: HTMLTemplateElement): Loaded {
    const svg = template.content.querySelector<SVGSVGElement>("svg.mgv")!.cloneNode(true) as SVGSVGElement;
    this.svg = svg;
    this.boxes = new Map();
    this.centred = undefined;
    this.sight = "";
    const edges = [...svg.querySelectorAll<SVGElement>(".mgv-edge")];
    const boxes = [...svg.querySelectorAll<SVGElement>(".mgv-box")];
    this.items = [...edges.map(edgeItem), ...boxes.map(boxItem)];
    for (const item of this.items) item.element.remove();
    for (const item of this.items.slice(edges.length)) this.boxes.set(item.element.dataset["box"]!, item);
    this.frame.replaceChildren(svg);
    const sheet = { svg, items: this.items, boxes: this.boxes };
    return { edges, boxes: new Map([...this.boxes].map(([name, item]) => [name, item.element])), sheet };
  }

  /** Show a drawing again that was loaded before. */
  swap(sheet: Sheet): void {
    this.svg = sheet.svg;
    this.items = sheet.items;
    this.boxes = sheet.boxes;
    this.centred = undefined;
    this.sight = "";
    this.frame.replaceChildren(sheet.svg);
    this.attach();
  }

  /** A layer above everything else, for what a step adds. */
  layer(): SVGElement {
    const layer = document.createElementNS("http://www.w3.org/2000/svg", "g");
    layer.setAttribute("class", "mgv-flow");
    this.svg!.append(layer);
    return layer;
  }

  /** The drawing as it is now, everything attached. */
  whole(): SVGSVGElement {
    this.attach(true);
    const copy = this.svg!.cloneNode(true) as SVGSVGElement;
    for (const pulse of copy.querySelectorAll(".mgv-pulse")) pulse.remove(); // what moves stands nowhere
    this.attach();
    return copy;
  }

  private get size(): { width: number; height: number } {
    return this.svg!.viewBox.baseVal;
  }

  /** Fit the drawing into the frame, but never below `smallest`, where text stops being legible. */
  fit(smallest: number): void {
    const { width, height } = this.size;
    const room = Math.min((this.frame.clientWidth - 2) / width, (this.frame.clientHeight - 2) / height);
    this.scale(Math.max(smallest, Math.min(room, 1.4)));
    this.fitted = smallest;
  }

  private resized(): void {
    if (!this.svg) return;
    if (this.fitted === undefined) return this.attach();
    this.fit(this.fitted);
    if (this.centred) this.centre(this.centred);
  }

  /** Change the size; what stands at a point of the frame, by default its middle, stays there. */
  private scale(zoom: number, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2): void {
    const { frame } = this;
    const left = (frame.scrollLeft + x) / this.zoom;
    const top = (frame.scrollTop + y) / this.zoom;
    this.fitted = undefined;
    this.zoom = Math.min(LARGEST, Math.max(SMALLEST, zoom));
    this.svg!.setAttribute("width", String(this.size.width * this.zoom));
    this.svg!.setAttribute("height", String(this.size.height * this.zoom));
    frame.scrollTo(left * this.zoom - x, top * this.zoom - y);
    this.attach();
  }

  /** Scroll so that a box stands near the middle. */
  centre(name: string): void {
    const item = this.boxes.get(name);
    if (!item) return;
    this.centred = name;
    // in a narrow frame the circle stands in the middle, so that what goes through it is seen
    const x = this.frame.clientWidth < NARROW ? item.left + CIRCLE : (item.left + item.right) / 2;
    this.frame.scrollTo({
      left: x * this.zoom - this.frame.clientWidth / 2,
      top: ((item.top + item.bottom) / 2) * this.zoom - this.frame.clientHeight / 2,
      behavior: "instant",
    });
    this.attach();
  }

  private attach(every = false): void {
    const all = every || this.items.length <= ATTACH_ALL;
    const left = (this.frame.scrollLeft - MARGIN) / this.zoom;
    const top = (this.frame.scrollTop - MARGIN) / this.zoom;
    const right = (this.frame.scrollLeft + this.frame.clientWidth + MARGIN) / this.zoom;
    const bottom = (this.frame.scrollTop + this.frame.clientHeight + MARGIN) / this.zoom;
    const sight = [all, left, top, right, bottom].join(" ");
    if (sight === this.sight) return;
    this.sight = sight;
    for (const item of this.items) {
      let seen = all || (item.right >= left && item.left <= right && item.bottom >= top && item.top <= bottom);
      if (seen && item.line) {
        const d = all ? item.line.whole : item.line.near(left, top, right, bottom);
        seen = d !== "";
        if (seen) item.element.setAttribute("d", d);
      }
      if (seen === item.attached) continue;
      item.attached = seen;
      if (seen) item.layer.append(item.element);
      else item.element.remove();
    }
  }

  /** Ctrl and the wheel, and a pinch on a trackpad, zoom at the pointer; the wheel alone scrolls. */
  private listenToWheel(): void {
    this.frame.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        const { left, top } = this.frame.getBoundingClientRect();
        const clicks = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 100 : event.deltaY / 3;
        this.scale(this.zoom * STEP ** -Math.max(-3, Math.min(3, clicks)), event.clientX - left, event.clientY - top);
      },
      { passive: false },
    );
  }

  /** One pointer drags, two pinch; fingers scroll by themselves. */
  private listenToPointers(): void {
    const { frame } = this;
    const down = new Map<number, { x: number; y: number }>();
    let moved = 0;
    const spread = (): { x: number; y: number; size: number } => {
      const [a, b] = [...down.values()] as [{ x: number; y: number }, { x: number; y: number }];
      return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, size: Math.hypot(a.x - b.x, a.y - b.y) };
    };
    frame.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      if (!down.size) moved = 0;
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    addEventListener("pointermove", (event) => {
      const last = down.get(event.pointerId);
      if (!last) return;
      const before = down.size === 2 ? spread() : undefined;
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (before) {
        const after = spread();
        const { left, top } = frame.getBoundingClientRect();
        moved = DRAG + 1;
        this.scale((this.zoom * after.size) / (before.size || 1), after.x - left, after.y - top);
      } else if (event.pointerType === "mouse") {
        moved += Math.abs(event.clientX - last.x) + Math.abs(event.clientY - last.y);
        if (moved > DRAG) frame.scrollBy(last.x - event.clientX, last.y - event.clientY);
      }
    });
    for (const end of ["pointerup", "pointercancel"] as const)
      addEventListener(end, (event) => down.delete(event.pointerId));
    frame.addEventListener(
      "click",
      (event) => {
        if (moved > DRAG) event.stopPropagation(); // the end of a drag is no click
        moved = 0;
      },
      true,
    );
  }

  /** Plus, minus and 0 zoom; shift and the arrows pan. */
  private listenToKeys(): void {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if ((event.target as HTMLElement).matches('input:not([type="checkbox"]), textarea, select')) return;
      const pans: Record<string, [number, number]> = {
        ArrowLeft: [-PAN, 0],
        ArrowRight: [PAN, 0],
        ArrowUp: [0, -PAN],
        ArrowDown: [0, PAN],
      };
      const pan = event.shiftKey ? pans[event.key] : undefined;
      if (pan) this.frame.scrollBy(...pan);
      else if (event.key === "+" || event.key === "=") this.scale(this.zoom * STEP);
      else if (event.key === "-") this.scale(this.zoom / STEP);
      else if (event.key === "0") this.fit(SMALLEST);
      else return;
      event.preventDefault();
    });
  }
}

function edgeItem(element: SVGElement): Item {
  const d = element.getAttribute("d")!;
  const [left, top, right, bottom] = pathBounds(d);
  const line = bottom - top > LONG || right - left > LONG ? new LongLine(d) : undefined;
  return { element, layer: element.parentElement!, left, top, right, bottom, line, attached: false };
}

function boxItem(element: SVGElement): Item {
  const [x, y] = element.getAttribute("transform")!.match(/-?[\d.]+/g)!.map(Number) as [number, number];
  const [width, height] = element.dataset["size"]!.split(" ").map(Number) as [number, number];
  const half = height / 2;
  return { element, layer: element.parentElement!, left: x, top: y - half, right: x + width, bottom: y + half, line: undefined, attached: false };
}
