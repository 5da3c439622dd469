/** Sockets that are lost are opened again for ever, each on its own, after 1, 2, 4 … 30 s. */

const firstSeconds = 1;
const longestSeconds = 30;

/** Until the next attempt, s. @param attempts failures in a row before this one */
export function reopenDelay(attempts: number): number {
  return Math.min(firstSeconds * 2 ** Math.min(attempts, 16), longestSeconds);
}
