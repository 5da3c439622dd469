/** How long to wait before the next attempt: full jitter, so that thousands of agents do not come back as one. */

const firstMs = 500;
const longestMs = 30_000;

/** @param failures attempts that failed in a row, ≥ 0. @param random uniform in [0, 1). @returns ms */
export function reconnectDelay(failures: number, random: number): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(failures, 16), longestMs);
  return ceiling * (0.1 + 0.9 * random);
}
