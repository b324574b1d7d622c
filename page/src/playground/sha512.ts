// SHA-512 (FIPS 180-4): Python's generator hashes a text that seeds it.

const BITS = 64n;
const MASK = (1n << BITS) - 1n;
const BLOCK = 128; // bytes
const ROUNDS = 80;

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
}

/** The integer part of the k-th root of n, by Newton's method from above. */
function root(n: bigint, k: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / Number(k)));
  for (;;) {
    const next = ((k - 1n) * x + n / x ** (k - 1n)) / k;
    if (next >= x) return x;
    x = next;
  }
}

/** The first 64 bits behind the point of the roots of the first primes: the standard's constants. */
const fractions = (count: number, k: bigint): bigint[] => primes(count).map((p) => root(p << (BITS * k), k) & MASK);

let constants: { start: bigint[]; round: bigint[] } | undefined;

const turn = (x: bigint, by: bigint): bigint => ((x >> by) | (x << (BITS - by))) & MASK;

/** The hash of some bytes: 64 bytes. */
export function sha512(message: Uint8Array): Uint8Array {
  constants ??= { start: fractions(8, 2n), round: fractions(ROUNDS, 3n) };
  const padded = new Uint8Array(Math.ceil((message.length + 17) / BLOCK) * BLOCK);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  let hash = constants.start;
  for (let at = 0; at < padded.length; at += BLOCK) hash = compress(hash, view, at, constants.round);
  const bytes = new DataView(new ArrayBuffer(64));
  hash.forEach((word, i) => bytes.setBigUint64(8 * i, word));
  return new Uint8Array(bytes.buffer);
}

function compress(hash: bigint[], view: DataView, at: number, round: bigint[]): bigint[] {
  const w: bigint[] = [];
  for (let i = 0; i < 16; i++) w.push(view.getBigUint64(at + 8 * i));
  for (let i = 16; i < ROUNDS; i++) {
    const [x, y] = [w[i - 15]!, w[i - 2]!];
    const s0 = turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n);
    const s1 = turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n);
    w.push((w[i - 16]! + s0 + w[i - 7]! + s1) & MASK);
  }
  let [a, b, c, d, e, f, g, h] = hash as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n);
    const first = h + s1 + ((e & f) ^ (~e & MASK & g)) + round[i]! + w[i]!;
    const s0 = turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n);
    const second = s0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) & MASK, c, b, a, (first + second) & MASK];
  }
  return [a, b, c, d, e, f, g, h].map((word, i) => (word + hash[i]!) & MASK);
}
