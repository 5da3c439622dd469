/**
 * e^x without a call into C: two thirds of what Math.exp costs are the call. x = (64 k + j) · ln 2/64 + r, so e^x = 2^k · 2^(j/64) · e^r with
 * |r| ≤ 0.0055, where six terms are exact. Relative error below 1e-15; r is taken with ln 2/64 in two parts, the first of few bits.
 */

const perOctave = 64;
const scale = perOctave / Math.LN2;
const stepHigh = Math.fround(Math.LN2 / perOctave);
/** ln 2 beyond what a double holds of it. */
const beyond = 2.3190468138462996e-17;
const stepLow = Math.LN2 / perOctave - stepHigh + beyond / perOctave;
/** Adding and subtracting it rounds to a whole number. */
const rounder = 1.5 * 2 ** 52;
/** |x| below it; the rest is Math.exp's. */
const range = 700;
const octaves = 1100;

const fractions = Float64Array.from({ length: perOctave }, (_, j) => 2 ** (j / perOctave));
const powers = Float64Array.from({ length: 2 * octaves }, (_, k) => 2 ** (k - octaves));

/** e^x for any x, infinite ones and NaN included. */
export function exponential(x: number): number {
  if (!(x > -range && x < range)) return Math.exp(x);
  const steps = x * scale + rounder - rounder;
  const r = x - steps * stepHigh - steps * stepLow;
  const index = steps | 0;
  const fraction = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120)))));
  return fraction * fractions[index & (perOctave - 1)]! * powers[(index >> 6) + octaves]!;
}

/** The same of every number of an array, in place: where the compiler does not inline it, no number is handed over. e⁰ costs nothing. */
export function exponentiate(values: number[]): void {
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    values[i] = x === 0 ? 1 : exponential(x);
  }
}
