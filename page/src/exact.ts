// Whether an equation between numbers is true as it stands on the page, in decimal arithmetic.
// The machine rounds after every operation, so 1e16 + 1 = 1e16 is what it says; a reader sees "≈".

/** A decimal number: digits × 10^exponent. */
interface Decimal {
  digits: bigint;
  exponent: number;
}

function decimal(x: number): Decimal {
  const [mantissa, exponent] = x.toExponential().split("e") as [string, string];
  const [whole, rest = ""] = mantissa.split(".") as [string, string?];
  return { digits: BigInt(whole + rest), exponent: Number(exponent) - rest.length };
}

function add(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  const lift = (x: Decimal): bigint => x.digits * 10n ** BigInt(x.exponent - exponent);
  return { digits: lift(a) + lift(b), exponent };
}

function times(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, exponent: a.exponent + b.exponent };
}

function isZero(a: Decimal): boolean {
  return a.digits === 0n;
}

function same(a: Decimal, b: Decimal): boolean {
  return isZero(add(a, { ...b, digits: -b.digits }));
}

const LARGEST_POWER = 64;

function power(x: Decimal, n: number): Decimal | undefined {
  if (!Number.isInteger(n) || n < 0 || n > LARGEST_POWER) return undefined;
  let out: Decimal = { digits: 1n, exponent: 0 };
  for (let i = 0; i < n; i++) out = times(out, x);
  return out;
}

/** Whether terms add up to a total exactly. */
export function addsUp(terms: number[], total: number): boolean {
  if (![...terms, total].every(Number.isFinite)) return true;
  return same(terms.map(decimal).reduce(add, decimal(0)), decimal(total));
}

/** Whether factors multiply to a product exactly. */
export function multiplies(factors: number[], product: number): boolean {
  if (![...factors, product].every(Number.isFinite)) return true;
  return same(factors.map(decimal).reduce(times), decimal(product));
}

const CHOOSING = new Set(["neg", "abs", "relu", "maximum", "minimum", "gt", "ge", "lt", "le", "select"]);
// Operands at which an op that has no finite decimals in general gives just what is shown.
const POINTS: Record<string, [number, number]> = { exp: [0, 1], log: [1, 0], cos: [0, 1], sigmoid: [0, 0.5] };

/** Whether out = op(x...) is exactly true; where that cannot be known, it is not claimed. */
export function holds(op: string, x: number[], out: number): boolean {
  if (![...x, out].every(Number.isFinite) || CHOOSING.has(op)) return true;
  const [a, b] = x.map(decimal) as [Decimal, Decimal];
  switch (op) {
    case "add":
    case "sum":
      return addsUp(x, out);
    case "sub":
      return addsUp([x[0]!, -x[1]!], out);
    case "mul":
      return multiplies(x, out);
    case "div":
      return same(times(b, decimal(out)), a);
    case "sqrt":
      return same(times(decimal(out), decimal(out)), a);
    case "pow": {
      const whole = power(a, x[1]!);
      return whole ? same(whole, decimal(out)) : x[1] === 0.5 ? holds("sqrt", [x[0]!], out) : inverse(a, x[1]!, out);
    }
    case "dot": {
      const half = x.length / 2;
      const products = x.slice(0, half).map((left, i) => times(decimal(left), decimal(x[half + i]!)));
      return same(products.reduce(add, decimal(0)), decimal(out));
    }
    case "leaky_relu":
      return x[0]! > 0 || multiplies([0.01, x[0]!], out);
    case "elu":
      return x[0]! >= 0;
    default: {
      const [at, value] = POINTS[op] ?? [0, 0];
      return x[0] === at && out === value;
    }
  }
}

const COPIED = new Set([...CHOOSING, "add", "sub", "sum", "mul", "dot", "leaky_relu"]); // their partials are operands or constants

/** Whether a local derivative is exactly what its formula gives; where that cannot be known, it is not claimed. */
export function localHolds(op: string, x: number[], place: number, local: number): boolean {
  if (![...x, local].every(Number.isFinite) || COPIED.has(op)) return true;
  const [a, b] = x as [number, number];
  switch (op) {
    case "div":
      return place === 0 ? multiplies([local, b], 1) : multiplies([local, b, b], -a);
    case "sqrt":
      return multiplies([4, local, local, a], 1);
    case "pow": {
      const below = place === 0 ? power(decimal(a), b - 1) : undefined;
      return below ? same(times(below, decimal(b)), decimal(local)) : a === 1;
    }
    case "elu":
      return a > 0;
    default:
      return a === 0 || a === 1; // short numbers at these are no accident: exp, tanh and sin at 0, log at 1
  }
}

/** x^-n = out, that is out × x^n = 1. */
function inverse(x: Decimal, n: number, out: number): boolean {
  const whole = power(x, -n);
  return whole !== undefined && same(times(whole, decimal(out)), { digits: 1n, exponent: 0 });
}
