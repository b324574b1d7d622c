// Where the label of an edge stands: near its line, and on no box, no circle and no other label.

export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Point {
  x: number;
  y: number;
}

export const HEIGHT = 14; // pixels of a label
const ALONG = [0.3, 0.4, 0.5, 0.2, 0.6, 0.7, 0.1, 0.8, 0.9]; // shares of the line, the best first
const BESIDE = [-10, 10, 0, -28, 28]; // pixels to the line: above, below, on it, over and under the boxes that it joins
const EDGE = 7; // pixels at the sides of a box that bear no number
const LATER = 4; // what a worse place costs, in square pixels of overlap
const CROSSED = 14; // and a point of another line under the label

/** The width of a label in bold type of 12 pixels, rather too wide than too narrow. */
export function widthOf(text: string): number {
  let width = 2;
  for (const letter of text) width += letter === "." || letter === " " ? 4.7 : /[×≈−+]/.test(letter) ? 10.1 : 8.4;
  return width;
}

function overlap(a: Rect, b: Rect): number {
  const [across, down] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
  return across > 0 && down > 0 ? across * down : 0;
}

/** What labels keep clear of: boxes and their circles, labels that stand already, points of lines. */
export interface Taken {
  boxes: readonly Rect[];
  labels: readonly Rect[];
  points: readonly Point[];
}

/** Choose the place of a label `width` wide; `at` gives the point at a share of its line. */
export function placeOf(width: number, at: (share: number) => Point, taken: Taken): Rect {
  const around = boundsOf([at(0), at(0.5), at(1)], width);
  const near = <T extends Rect>(rects: readonly T[]): T[] => rects.filter((rect) => overlap(rect, around) > 0);
  const boxes = near(taken.boxes).map((box) => ({ ...box, left: box.left + EDGE, right: box.right - EDGE }));
  const labels = near(taken.labels);
  let best: Rect | undefined;
  let least = Infinity;
  ALONG.forEach((share, later) => {
    const { x, y } = at(share);
    BESIDE.forEach((beside, kind) => {
      const rect = { left: x - width / 2, right: x + width / 2, top: y + beside - HEIGHT / 2, bottom: y + beside + HEIGHT / 2 };
      let cost = LATER * (later + 2 * kind);
      for (const box of boxes) cost += overlap(rect, box);
      for (const label of labels) cost += 2 * overlap(rect, label);
      for (const point of taken.points) if (point.x > rect.left && point.x < rect.right && point.y > rect.top && point.y < rect.bottom) cost += CROSSED;
      if (cost < least) [best, least] = [rect, cost];
    });
  });
  return best!;
}

function boundsOf(points: readonly Point[], width: number): Rect {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return { left: Math.min(...xs) - width, right: Math.max(...xs) + width, top: Math.min(...ys) - 2 * HEIGHT, bottom: Math.max(...ys) + 2 * HEIGHT };
}
