// One colour for one number, everywhere on the page: orange below 0, blue above, paler near 0.

export type Rgb = readonly [number, number, number];

const STEPS = 256;
const HALF = 0.6; // the number that has half of the full colour

export interface Palette {
  /** Pixels, red in the lowest byte as canvases want them, for -1 to 1 in 256 steps. */
  pixels: Uint32Array;
  positive: string;
  negative: string;
  odd: string;
  ink: string;
  soft: string;
  line: string;
  card: string;
}

/** Read the colours of the page as they are now, light or dark. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string): string => style.getPropertyValue(name).trim();
  const [low, middle, high] = ["--neg", "--card", "--pos"].map((name) => rgb(get(name))) as [Rgb, Rgb, Rgb];
  const pixels = new Uint32Array(STEPS);
  for (let i = 0; i < STEPS; i++) {
    const t = (2 * i) / (STEPS - 1) - 1;
    const [r, g, b] = mix(middle, t < 0 ? low : high, Math.abs(t) * 0.85);
    pixels[i] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return {
    pixels,
    positive: get("--pos"),
    negative: get("--neg"),
    odd: get("--odd"),
    ink: get("--ink"),
    soft: get("--soft"),
    line: get("--line"),
    card: get("--card"),
  };
}

/** Tell whenever the colours change: light, dark, and paper, which is always light. */
export function watchPalette(changed: (palette: Palette) => void): void {
  const root = document.documentElement;
  let before: string | undefined;
  const colour = (theme: string | undefined): void => {
    root.dataset["theme"] = theme;
    changed(readPalette());
  };
  new MutationObserver(() => changed(readPalette())).observe(root, { attributeFilter: ["data-theme"] });
  addEventListener("beforeprint", () => {
    before = root.dataset["theme"];
    colour("light"); // what is painted knows nothing of paper
  });
  addEventListener("afterprint", () => colour(before));
}

function mix(a: Rgb, b: Rgb, share: number): [number, number, number] {
  return [0, 1, 2].map((i) => Math.round(a[i]! + (b[i]! - a[i]!) * share)) as [number, number, number];
}

/** A colour of the style sheet, #rgb or #rrggbb. */
export function rgb(text: string): Rgb {
  const digits = text.replace("#", "");
  const wide = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16)) as unknown as Rgb;
}

/** The place of a number on the scale, 0 to 255; the same number has the same colour everywhere. */
export function shade(x: number): number {
  if (Number.isNaN(x)) return STEPS / 2;
  const t = Number.isFinite(x) ? x / (HALF + Math.abs(x)) : Math.sign(x);
  return ((t + 1) * 0.5 * (STEPS - 1) + 0.5) | 0;
}
