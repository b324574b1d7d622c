// Numbers, written so that none says more than is true: exact ones whole, rounded ones marked.

const MINUS = "−";
export const ROUNDED = "≈";
const WIDEST = 10; // digits that are shown whole
const DIGITS = 6; // of a number that is rounded
const SAFE = 1e15; // whole numbers below this are shown whole

/** True minus signs, in the exponent too. */
function typographic(text: string): string {
  return text.replaceAll("-", MINUS);
}

/** Whether a number needs a mark of its own: nan, infinite, or a negative zero. */
export function isOdd(x: number): boolean {
  return !Number.isFinite(x) || Object.is(x, -0);
}

/** Every digit that matters, as Python writes it, without a trailing ".0". */
export function full(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : `${MINUS}inf`;
  if (Object.is(x, -0)) return `${MINUS}0.0`;
  const size = Math.abs(x);
  // Python changes to powers of ten from 1e16 on and below 1e-4
  const text = size !== 0 && (size >= 1e16 || size < 1e-4) ? x.toExponential() : String(x);
  return typographic(twoDigits(text));
}

/** Write an exponent with at least two digits, as Python does. */
function twoDigits(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function marked(text: string, x: number): string {
  return (Number(text) === x ? "" : ROUNDED) + typographic(text);
}

/** Round as Python does, a tie to the even digit; JavaScript rounds ties up. */
function even(text: string, digits: string): string {
  const tie = /^(-?\d*\.?\d*?(\d))50*(e.*)?$/.exec(digits);
  if (!tie || (tie[3] ?? "") !== (/e.*/.exec(text)?.[0] ?? "") || tie[1]!.length !== text.replace(/e.*/, "").length) return text;
  return Number(tie[2]) % 2 === 0 ? tie[1]! + (tie[3] ?? "") : text;
}

function fixed(x: number, decimals: number): string {
  const text = x.toFixed(decimals);
  // a tie needs all its digits, and is half a unit of the last decimal: most numbers are none
  return Number.isInteger(x * 2 * 10 ** decimals) ? even(text, x.toFixed(80)) : text;
}

/** At most eleven characters, the way the drawings of Python do. */
export function boxed(x: number): string {
  if (isOdd(x)) return full(x);
  const size = Math.abs(x);
  if (size === 0 || (size >= 1e-3 && size < 1e4)) {
    const text = fixed(x, 4);
    return marked(Number(text) !== x && size >= 1e3 ? fixed(x, 3) : text, x);
  }
  if (Number.isInteger(x) && size < 10 ** WIDEST) return typographic(String(x));
  return marked(twoDigits(even(x.toExponential(2), x.toExponential(100))), x);
}

/** A number for running text, and whether it stands there without rounding. */
export interface Shown {
  text: string;
  exact: boolean;
}

/** Whole where ten digits are enough or the number is an integer; else six significant digits. */
export function shown(x: number): Shown {
  const whole = full(x);
  if (isOdd(x)) return { text: whole, exact: true };
  const digits = whole.replace(/e.*$/, "").replace(/[^\d]/g, "").replace(/^0+/, "").length;
  if (digits <= WIDEST || (Number.isInteger(x) && Math.abs(x) < SAFE)) return { text: whole, exact: true };
  const rounded = Number(x.toPrecision(DIGITS));
  const text = Math.abs(x) < 10 ** DIGITS ? full(rounded) : typographic(twoDigits(rounded.toExponential()));
  return { text, exact: rounded === x };
}

/** A number that stands alone; a rounded one is marked. */
export function plain(x: number): string {
  const { text, exact } = shown(x);
  return exact ? text : ROUNDED + text;
}

/** At most three significant digits, for a number on an edge; a rounded one is marked. */
export function brief(x: number): string {
  const whole = full(x);
  if (isOdd(x) || whole.length <= 5) return whole;
  return marked(full(Number(x.toPrecision(3))).replaceAll(MINUS, "-"), x);
}

/** "= 0.5", or "≈ 0.333333" for a rounded number. */
export function equals(x: number): string {
  const { text, exact } = shown(x);
  return `${exact ? "=" : ROUNDED} ${text}`;
}

/** A name or number as an operand: in brackets where it would run into an operator. */
export function bracketed(text: string): string {
  return atomic(text) ? text : `(${text})`;
}

// \ue000 and \ue001 stand around the place of a name that needs no brackets: see rich.ts
const ATOM = /^(?:[\p{L}\p{M}\p{N}_.#′'\ufffd\ue000\ue001]+(?:\[[^[\]]*\])?|\d[\d.]*e[−+]\d+)$/u;

/** Whether a text can stand beside an operator as it is. */
export function atomic(text: string): boolean {
  return ATOM.test(text) || closed(text);
}

/** Whether brackets that open after at most a word close at the very end. */
function closed(text: string): boolean {
  if (!/^[\p{L}\p{M}\p{N}_.]*\([^]*\)$/u.test(text)) return false;
  let depth = 0;
  for (let place = 0; place < text.length; place++) {
    if (text[place] === "(") depth++;
    else if (text[place] === ")" && --depth === 0) return place === text.length - 1;
  }
  return false;
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

const PLAIN = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const NUMBER = new RegExp(`^${PLAIN}$`, "i");
const FRACTION = new RegExp(`^(${PLAIN})\\s*[/÷]\\s*(${PLAIN})$`, "i");

/** Read a number that a person typed, or copied from the page: 1/2, a comma for a point, a long minus, ≈. */
export function parse(text: string): number | undefined {
  const flat = text.trim().replace(/^[≈=]\s*/, "").replace(",", ".").replaceAll(MINUS, "-").replace(/^\((.*)\)$/, "$1");
  const fraction = FRACTION.exec(flat);
  if (fraction) return Number(fraction[1]) / Number(fraction[2]);
  return NUMBER.test(flat) ? Number(flat) : undefined;
}

/** Read a number as `parse` does, or nan and the infinities as the page prints them. */
export function parseAny(text: string): number | undefined {
  const odd: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  const found = odd[text.trim().replaceAll(MINUS, "-")];
  if (found !== undefined) return found;
  const number = parse(text);
  return number !== undefined && Number.isFinite(number) ? number : undefined;
}

/** What was read differently from how it was typed, or nothing. */
export function reading(text: string, number: number): string {
  return text.includes(",") ? `“${text.trim()}” was read as ${full(number)}: a point separates the decimals here.` : "";
}
