// Draw a net's graph in columns, with the elements and classes that the stepper's drawings have.

import { boxed, full } from "../format";
import type { DrawnNode } from "./samplegraph";

const [HEIGHT, PITCH, GAP, MARGIN] = [40, 54, 90, 12];
const NUMBERS = 126; // pixels for the keys and numbers of a box
const LETTER = 8.2; // of a bold name
const SIGN = 10; // of an op's name
const STEM = 10;
const MARK = 5; // of a leaf, left of its name
const PORT = 13; // pixels between two operands whose order matters, where they enter their circle
const SYMBOLS: Record<string, string> = { mul: "×", sub: "−" };

interface Box {
  x: number;
  y: number;
  width: number;
  /** Width of the circle with its stem, and of the name. */
  circle: number;
  name: number;
}

const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
const inset = (node: DrawnNode): number => (node.kind === "leaf" ? MARK : 0);
const symbol = (op: string): string => SYMBOLS[op] ?? op;

/** The drawing as SVG. */
export function drawingOf(nodes: readonly DrawnNode[], title: string): string {
  const boxes = place(nodes);
  const width = Math.max(...boxes.map((box) => box.x + box.width)) + MARGIN;
  const height = Math.max(...boxes.map((box) => box.y)) + HEIGHT / 2 + MARGIN;
  const edges = nodes.flatMap((node, to) => [...new Set(node.operands)].map((from) => edge(boxes, from, to, ports(node, from))));
  const drawn = nodes.map((node, i) => box(node, i, boxes[i]!, i === nodes.length - 1));
  return `<svg class="mgv" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="${escape(title)}"><g class="mgv-edges">${edges.join("")}</g><g class="mgv-boxes">${drawn.join("")}</g></svg>`;
}

function place(nodes: readonly DrawnNode[]): Box[] {
  const sizes = nodes.map((node) => {
    const name = Math.max(20, node.name.length * LETTER + 10) + inset(node);
    const circle = node.kind === "op" ? Math.max(30, symbol(node.op).length * SIGN + 14) + STEM : 0;
    return node.kind === "constant" ? { width: node.name.length * 8 + 16, circle: 0, name: 0 } : { width: circle + name + NUMBERS, circle, name };
  });
  const columns = Math.max(...nodes.map((node) => node.column)) + 1;
  const boxes: Box[] = [];
  let left = MARGIN;
  for (let column = 0; column < columns; column++) {
    const here = nodes.flatMap((node, i) => (node.column === column ? [i] : []));
    // what comes from the left stands above the parameters that join it
    here.sort((i, j) => Number(nodes[i]!.kind !== "op") - Number(nodes[j]!.kind !== "op") || i - j);
    const widest = Math.max(0, ...here.map((i) => sizes[i]!.width));
    let next = MARGIN + HEIGHT / 2;
    for (const i of here) {
      const { own } = nodes[i]!;
      const middle = own.length ? own.reduce((sum, operand) => sum + boxes[operand]!.y, 0) / own.length : next;
      const y = Math.max(next, middle);
      boxes[i] = { ...sizes[i]!, x: nodes[i]!.kind === "op" ? left : left + widest - sizes[i]!.width, y };
      next = y + PITCH;
    }
    left += widest + GAP;
  }
  return boxes;
}

/** Whether it matters which operand comes first: of the ops of a loss only at a difference. */
function ordered({ op, operands }: DrawnNode): boolean {
  return op === "sub" && operands[0] !== operands[1];
}

/** Where the lines of an operand end, from the middle of the circle. */
function ports(node: DrawnNode, from: number): number[] {
  if (ordered(node)) return [(node.operands.indexOf(from) - 0.5) * PORT];
  const times = node.operands.filter((operand) => operand === from).length;
  return Array.from({ length: times }, (_, k) => (k - (times - 1) / 2) * 12);
}

function edge(boxes: readonly Box[], from: number, to: number, ends: readonly number[]): string {
  const [a, b] = [boxes[from]!, boxes[to]!];
  const lines = ends.map((end) => {
    const y = b.y + end;
    const [start, middle] = [a.x + a.width, b.x - GAP / 2];
    const n = (x: number): string => x.toFixed(1);
    return `M${n(start)} ${n(a.y)}H${n(b.x - GAP)}C${n(middle)} ${n(a.y)} ${n(middle)} ${n(y)} ${n(b.x)} ${n(y)}m-6 -4 L${n(b.x)} ${n(y)} l-6 4`;
  });
  return `<path class="mgv-edge" data-from="n${from}" data-to="n${to}" d="${lines.join("")}"/>`;
}

function box(node: DrawnNode, index: number, { x, y, width, circle, name }: Box, output: boolean): string {
  const data = Number(node.data);
  if (node.kind === "constant")
    return `<g class="mgv-box mgv-constant" data-box="n${index}" data-size="${width} 24" transform="translate(${x} ${y})"><title>constant ${full(data)}</title><rect class="mgv-frame" y="-12" width="${width}" height="24" rx="12"/><text class="mgv-small" x="${width / 2}" y="4" text-anchor="middle">${escape(node.name)}</text></g>`;
  const [top, right, middle] = [-HEIGHT / 2, width, circle + name];
  const sign =
    node.kind === "op"
      ? `<path class="mgv-stem" d="M${circle - STEM} 0H${circle}"/><rect class="mgv-circle" y="-15" width="${circle - STEM}" height="30" rx="15"/><text class="mgv-symbol" x="${(circle - STEM) / 2}" y="5" text-anchor="middle">${escape(symbol(node.op))}</text>`
      : "";
  const places = ordered(node) ? [1, 2].map((place) => `<text class="mgv-place" x="-9" y="${(place - 1.5) * PORT - 3}" text-anchor="end">${place}</text>`).join("") : "";
  const mark = node.kind === "leaf" ? `<path class="mgv-mark" d="M2.5 -16V16"/>` : "";
  return `<g class="mgv-box mgv-${node.kind}${output ? " mgv-output" : ""}" data-box="n${index}" data-size="${width} ${HEIGHT}" transform="translate(${x} ${y})"><title>${escape(node.name)}; data ${full(data)}; gradient 0</title>${sign}${places}<rect class="mgv-back" x="${circle}" y="${top}" width="${width - circle}" height="${HEIGHT}" rx="5"/><path class="mgv-grad mgv-neg" d="M${middle} 0H${right}V15q0 5 -5 5H${middle}z" fill-opacity="0.000"/><rect class="mgv-frame" x="${circle}" y="${top}" width="${width - circle}" height="${HEIGHT}" rx="5"/>${mark}<path class="mgv-rule" d="M${middle} ${top}V20"/><text class="mgv-label" x="${circle + (name + inset(node)) / 2}" y="5" text-anchor="middle">${escape(node.name)}</text><path class="mgv-rule" d="M${middle} 0H${right}"/><text class="mgv-key" x="${middle + 8}" y="-6">data</text><text class="mgv-number mgv-data" x="${right - 8}" y="-6" text-anchor="end">${boxed(data)}</text><text class="mgv-key" x="${middle + 8}" y="14">grad</text><text class="mgv-number mgv-gradient" x="${right - 8}" y="14" text-anchor="end">0.0000</text></g>`;
}
