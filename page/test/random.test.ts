// The truth in this file was written by Python: hashlib, and random.Random.

import { describe, expect, it } from "vitest";

import { Random } from "../src/playground/random";
import { sha512 } from "../src/playground/sha512";

const HASHES: Record<number, string> = {
  0: "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  1: "b8244d028981d693af7b456af8efa4cad63d282e19ff14942c246e50d9351d22704a802a71c3580b6370de4ceb293c324a8423342557d4e5c38438f0e36910ee",
  111: "6842d704f56a776b9bd4c6358c806973f0ece734cf4f58ae2dfdedc0053f831c4a1f00b7979bf271a7e7aea6f61afbfeb3a19a750e50cae404f9acca9f849917",
  112: "769db127dd44e41c3c3a08e6ba1e1d7bb326ff0be3dd59a89af67dec080dddd13e7dcf31b98a0ae3605d63dd5c62fb187964980cbd1298f363cd1cffc765ffa8",
  127: "90645a4b362070e1d1badea861e7a807c05e503549004be1136c8ec009ef874a3ac44e8c4474b374cb3fb42877456afe37a23bb93115bbe9a60e4838752a8a14",
  128: "07fcfecf4043d466f645e545346d9070804a969458064794ec09ad6cc74f2cb58d74ed60664069262d5d317d8c17d74a7952aecd2cb6be2c2b6e355e379ebb91",
  300: "01fa2cee385cb329c1d3f82da8edf32ed82676e763ba1bad49e0f8dbd665e00f68cb6f49385b9a096055985bf0a68bf3b68b1424f27b8495c86093546f6ff68c",
};

// Of each seed: random(), uniform(-1, 1), gauss(0, 1) twice, random().
const NUMBERS: [number | string, number[]][] = [
  [7, [0.32383276483316237, -0.6983016521509962, -0.2260961647831047, -0.3150684223311854, 0.5358820043066892]],
  [0, [0.8444218515250481, 0.515908805880605, -0.6797144480784211, 0.3705035674606598, 0.5112747213686085]],
  [1099511627781, [0.5043802970418443, -0.4627911200553436, 1.0991312652276808, -0.5532103314067816, 0.8179643216302002]],
  ["7/0", [0.7059339087777089, 0.23366580992235564, 1.5845351361641615, 1.562904351749425, 0.1562968389088919]],
  ["moons/7", [0.8094166578030425, -0.7603304457685232, 0.09204924454178093, -0.05212658354169693, 0.7582732827669787]],
];

describe("random numbers", () => {
  it("hash as Python does, around the borders of a block", () => {
    for (const [length, hash] of Object.entries(HASHES)) {
      const found = sha512(Uint8Array.from({ length: Number(length) }, (_, i) => (i * 37) % 256));
      expect([...found].map((byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(hash);
    }
  });
  it("are Python's for numbers and texts as seeds", () => {
    for (const [seed, [first, uniform, ...rest]] of NUMBERS) {
      const random = new Random(seed);
      expect(random.random()).toBe(first);
      expect(random.uniform(-1, 1)).toBe(uniform);
      expect(random.gauss(0, 1)).toBeCloseTo(rest[0]!, 14);
      expect(random.gauss(0, 1)).toBeCloseTo(rest[1]!, 14);
      expect(random.random()).toBe(rest[2]);
    }
  });
  it("give the orders in which mgnn.fit takes the samples", () => {
    expect([...new Random("7/3").order(10)]).toEqual([9, 7, 1, 2, 0, 4, 3, 8, 6, 5]);
    const long = new Random("7/0").order(1000);
    expect([...long].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
  });
});
