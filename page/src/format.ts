// Numbers and names, written for a reader.

/** At most ten characters, the way the drawings of Python do: four decimals, or powers of ten. */
export function boxed(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const size = Math.abs(x);
  if (size === 0 || (size >= 1e-3 && size < 1e4)) return (size === 0 ? 0 : x).toFixed(4);
  return x.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Six significant digits, without trailing zeros. */
export function plain(x: number): string {
  if (!Number.isFinite(x)) return boxed(x);
  const text = String(Number(x.toPrecision(6)));
  return text.replace("-", "−");
}

/** The same, in brackets where a sign would run into an operator. */
export function factor(x: number): string {
  const text = plain(x);
  return text.startsWith("−") ? `(${text})` : text;
}

const RELATIVE = 0.005;
const ABSOLUTE = 0.0005;

/** Whether a prediction is right: to half a percent, or to 0.0005 near zero. */
export function close(guess: number, truth: number): boolean {
  if (Number.isNaN(truth)) return Number.isNaN(guess);
  if (!Number.isFinite(truth)) return guess === truth;
  const tolerance = Math.max(ABSOLUTE, RELATIVE * Math.abs(truth));
  return Math.abs(guess - truth) <= tolerance * (1 + 1e-9); // the border itself counts as right
}

/** Read a number that a person typed: a comma for a point and a long minus are welcome. */
export function parse(text: string): number | undefined {
  const flat = text.trim().replace(",", ".").replace("−", "-");
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(flat)) return undefined;
  return Number(flat);
}
