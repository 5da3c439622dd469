/**
 * A bound that stands in a status: rounded up to the 1-2-5 series and rewritten when it is crossed, so that it is true until it
 * is rewritten and costs a write only when it means something else.
 */

/** Smallest 1, 2 or 5 times a power of ten that is ≥ `nanoseconds`; 0 stays 0. */
export function roundUp125(nanoseconds: number): number {
  if (nanoseconds <= 0) return 0;
  const decade = 10 ** Math.floor(Math.log10(nanoseconds));
  const step = [1, 2, 5, 10].find((factor) => factor * decade >= nanoseconds) ?? 10;
  return Math.min(step * decade, Number.MAX_SAFE_INTEGER);
}

/** A smaller bound is published only once it is this much inside the smaller step: worse news at once, better news for good. */
const margin = 1.25;

/**
 * @param standing what the status says now; undefined: nothing
 * @param nanoseconds the bound now; null: void
 * @returns what the status should say
 */
export function publishedBound(standing: number | undefined, nanoseconds: number | null): number | undefined {
  if (nanoseconds === null) return undefined;
  const now = roundUp125(nanoseconds);
  if (standing === undefined || now >= standing) return now;
  return Math.min(standing, roundUp125(nanoseconds * margin));
}
