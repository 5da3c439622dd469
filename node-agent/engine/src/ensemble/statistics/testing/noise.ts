/** Recordings of time errors, one a second, ns: the noises that oscillators and packets make. */
import { createRandom } from "../../../sim/random.js";

export const noises = ["white phase", "flicker phase", "white frequency", "random walk frequency"] as const;
export type Noise = (typeof noises)[number];

export function recordNoise(noise: Noise, samples: number, seed: number): number[] {
  const random = createRandom(seed, 1);
  const white = Array.from({ length: samples }, () => 100 * random.normal());
  switch (noise) {
    case "white phase":
      return white;
    case "flicker phase":
      return flicker(samples, random);
    case "white frequency":
      return accumulate(white);
    case "random walk frequency":
      return accumulate(accumulate(white));
    default:
      return noise satisfies never;
  }
}

function accumulate(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => (sum += value));
}

/** Sum of noises whose correlation times are octaves apart. */
function flicker(samples: number, random: { normal(): number }): number[] {
  const states = Array.from({ length: 16 }, () => 0);
  return Array.from({ length: samples }, () => {
    states.forEach((state, octave) => {
      const keep = Math.exp(-(2 ** -octave));
      states[octave] = keep * state + 100 * Math.sqrt(1 - keep * keep) * random.normal();
    });
    return states.reduce((sum, state) => sum + state, 0);
  });
}
