/** Observation intervals: 1, 2, 4 … 32768 s. Each takes half the work of the one before it, so a sample costs the same however many. */

/** Of the time error, s. */
export const samplingInterval = 1;
export const octaves = 16;

/** What is shown is of about that long, samples: one day. */
const memory = 86_400;
const leastWindows = 16;

/** Observation interval of an octave, s. */
export function intervalOf(octave: number): number {
  return samplingInterval * 2 ** octave;
}

/** Means of that many windows are plain; later windows replace older ones. */
export function rememberedWindows(octave: number): number {
  return Math.max(leastWindows, Math.floor(memory / 2 ** octave));
}

/** After so many samples a maximum forgets what is older than as many. */
export const rememberedSamples = memory;
