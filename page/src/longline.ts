// A line over thousands of pixels: a browser takes long to stroke all of it for the little that is seen,
// so only the pieces near the frame are drawn. They are exact parts of the same curves.

type Point = readonly [number, number];

interface Piece {
  start: Point;
  /** Three points of a cubic curve, or the end of a straight line. */
  rest: readonly Point[];
  /** What follows without a length of its own: the head of an arrow. */
  head: string;
}

const CUTS = 16; // pieces of one curve

export class LongLine {
  private pieces: Piece[] | undefined;

  /** A path of absolute M, C, L and H; what begins with m is the head of an arrow. */
  constructor(readonly whole: string) {}

  /** The parts near a rectangle, as a path; empty where there are none. */
  near(left: number, top: number, right: number, bottom: number): string {
    this.pieces ??= piecesOf(this.whole);
    let d = "";
    let drawn: Point | undefined;
    for (const { start, rest, head } of this.pieces) {
      const end = rest[rest.length - 1]!;
      // the curves here never turn back, so that the box around a piece is the one of its ends
      const seen = Math.max(start[0], end[0]) >= left && Math.min(start[0], end[0]) <= right && Math.max(start[1], end[1]) >= top && Math.min(start[1], end[1]) <= bottom;
      if (!seen) continue;
      if (drawn !== start) d += `M${text(start)}`;
      d += (rest.length === 3 ? "C" : "L") + rest.map(text).join(" ") + head;
      drawn = end;
    }
    return d;
  }
}

const text = ([x, y]: Point): string => `${round(x)} ${round(y)}`;
const round = (x: number): number => Math.round(x * 10) / 10;

function piecesOf(d: string): Piece[] {
  const pieces: Piece[] = [];
  let at: Point = [0, 0];
  for (const line of d.split(/(?=M)/)) {
    const [path, head] = line.split(/(?=m)/) as [string, string?];
    for (const [, command, words] of path.matchAll(/([MCLH])([^A-Za-z]*)/g)) {
      const n = words!.trim().split(/[ ,]+/).map(Number);
      if (command === "C") {
        const curve = [at, [n[0]!, n[1]!], [n[2]!, n[3]!], [n[4]!, n[5]!]] as const;
        for (let k = 0; k < CUTS; k++) {
          const rest = part(curve, k / CUTS, (k + 1) / CUTS);
          pieces.push({ start: at, rest, head: "" });
          at = rest[2]!;
        }
        continue;
      }
      const next: Point = command === "H" ? [n[0]!, at[1]] : [n[0]!, n[1]!];
      if (command !== "M") pieces.push({ start: at, rest: [next], head: "" });
      at = next;
    }
    if (head) pieces[pieces.length - 1]!.head = head;
  }
  return pieces;
}

/** A part of a cubic curve, without its start: its blossom at mixtures of both ends. */
function part(curve: readonly [Point, Point, Point, Point], from: number, to: number): Point[] {
  const mix = (a: Point, b: Point, t: number): Point => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
  const blossom = (u: number, v: number, w: number): Point => {
    const [a, b, c, d] = curve;
    const [ab, bc, cd] = [mix(a, b, u), mix(b, c, u), mix(c, d, u)];
    return mix(mix(ab, bc, v), mix(bc, cd, v), w);
  };
  return [blossom(from, from, to), blossom(from, to, to), blossom(to, to, to)];
}
