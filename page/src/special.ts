// The error function to full double precision; JavaScript's Math has none.

const TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);
const SERIES_BELOW = 2.5;

/** erf(x) = 2/sqrt(pi) * integral of exp(-t^2) from 0 to x. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  const size = Math.abs(x);
  const value = size < SERIES_BELOW ? series(size) : 1 - tail(size);
  return x < 0 ? -value : value;
}

/** erfc(x) = 1 - erf(x), without cancellation where x is large. */
export function erfc(x: number): number {
  return x < SERIES_BELOW ? 1 - erf(x) : tail(x);
}

/**
 * 2 x exp(-x^2) / sqrt(pi) times the sum of (2 x^2)^n / (1 * 3 * ... * (2n + 1)); every term is
 * positive, so nothing cancels (Abramowitz and Stegun 7.1.6).
 */
function series(x: number): number {
  const step = 2 * x * x;
  let term = 1;
  let sum = 1;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= step / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * x * Math.exp(-x * x) * sum;
}

/** The continued fraction of erfc for x > 2 (Abramowitz and Stegun 7.1.14), from the inside out. */
function tail(x: number): number {
  if (x > 27.3) return 0; // below the smallest number
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / ((x + fraction) * Math.sqrt(Math.PI));
}
