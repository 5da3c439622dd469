/** Deterministic randomness: xoshiro128** seeded by splitmix, one independent stream per purpose. */

export interface Random {
  /** In (0, 1). */
  uniform(): number;
  /** Mean 0, variance 1. */
  normal(): number;
  /** Mean 1. */
  exponential(): number;
}

const scramble = 0x9e3779b9;

/** `seed` and `stream`: any integers; the same pair gives the same sequence for ever. */
export function createRandom(seed: number, stream: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream, 0x85ebca6b)) >>> 0;
  const split = () => {
    state = (state + scramble) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = split();
  let b = split();
  let c = split();
  let d = split();
  const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  const next = () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  const uniform = () => (next() * 2097152 + (next() >>> 11) + 0.5) / 9007199254740992;
  const normal = () => {
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const s = x * x + y * y;
      if (s < 1 && s > 0) return x * Math.sqrt((-2 * Math.log(s)) / s);
    }
  };
  return { uniform, normal, exponential: () => -Math.log(uniform()) };
}
