// Python's random.Random, number for number: the Mersenne Twister (Matsumoto and Nishimura 1998),
// seeded as Python seeds it, so that a page and a script with one seed see the same weights and rows.

import { sha512 } from "./sha512";

const SIZE = 624;
const MIDDLE = 397;

export class Random {
  private readonly state = new Uint32Array(SIZE);
  private at = SIZE;
  private spare: number | undefined;

  /** A whole number below 2^53, or a text, as in random.Random(seed). */
  constructor(seed: number | string) {
    this.seed(typeof seed === "number" ? wordsOf(BigInt(Math.abs(seed))) : wordsOfText(seed));
  }

  private start(seed: number): void {
    this.state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const last = this.state[i - 1]! ^ (this.state[i - 1]! >>> 30);
      this.state[i] = Math.imul(1812433253, last) + i;
    }
  }

  private seed(key: number[]): void {
    const { state } = this;
    this.start(19650218);
    let i = 1;
    const mix = (factor: number, add: number): void => {
      const last = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = (state[i]! ^ Math.imul(last, factor)) + add;
      if (++i < SIZE) return;
      state[0] = state[SIZE - 1]!;
      i = 1;
    };
    const rounds = Math.max(SIZE, key.length);
    for (let k = 0; k < rounds; k++) mix(1664525, key[k % key.length]! + (k % key.length));
    for (let k = 1; k < SIZE; k++) mix(1566083941, -i);
    state[0] = 0x80000000;
  }

  /** 32 random bits. */
  bits(): number {
    const { state } = this;
    if (this.at === SIZE) {
      for (let i = 0; i < SIZE; i++) {
        const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
        state[i] = state[(i + MIDDLE) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.at = 0;
    }
    let y = state[this.at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A number in [0, 1). */
  random(): number {
    const high = this.bits() >>> 5;
    return (high * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  gauss(mean: number, deviation: number): number {
    let z = this.spare;
    this.spare = undefined;
    if (z === undefined) {
      const angle = this.random() * 2 * Math.PI;
      const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
      z = Math.cos(angle) * radius;
      this.spare = Math.sin(angle) * radius;
    }
    return mean + z * deviation;
  }

  /** The numbers 0 to n - 1 in an order made of 64 random bits for each, as mgnn.fit makes it. */
  order(n: number): Uint32Array {
    const low = new Uint32Array(n);
    const high = new Uint32Array(n);
    for (let i = 0; i < n; i++) [low[i], high[i]] = [this.bits(), this.bits()];
    return Uint32Array.from(low.keys()).sort((i, j) => high[i]! - high[j]! || low[i]! - low[j]! || i - j);
  }
}

function wordsOf(seed: bigint): number[] {
  const words: number[] = [];
  for (let rest = seed; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words.length ? words : [0];
}

/** The number whose bytes are those of a text, and of its hash. */
function wordsOfText(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  const all = [...bytes, ...sha512(bytes)];
  return wordsOf(BigInt(`0x${all.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`));
}
