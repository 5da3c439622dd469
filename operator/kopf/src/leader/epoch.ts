/**
 * Which epochs can be. `leaseTransitions` is an int32 and anybody may write to a Lease: one record with 2147483647 that was
 * continued from would be the last that the API server took. So numbers that close to the end count as corrupt: they are neither
 * continued from, nor raised to, nor ever written. At the highest one epochs stop growing; the operator goes on.
 */
export const highestEpochPossible = 2 ** 31 - 1 - 1000 - 1;

export function isPossibleEpoch(epoch: unknown): epoch is number {
  return Number.isInteger(epoch) && (epoch as number) >= 0 && (epoch as number) <= highestEpochPossible;
}

export function epochAfter(epoch: number): number {
  return Math.min(epoch + 1, highestEpochPossible);
}
