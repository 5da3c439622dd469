/**
 * The plainest estimator there is, as a yardstick for the same packets: of the last 128 each way the fastest one, and half their
 * difference. Its own error is what queueing leaves of the floor.
 */

/** As the agent's trace has it: a one-way measurement, ns. */
export interface TracedMeasurement {
  readonly kind: "toLocal" | "toRemote";
  readonly value: number;
  /** What steering had done to the clock by then, ns. */
  readonly steering: number;
  /** Raw s. */
  readonly at: number;
}

const window = 128;

/**
 * @param offset of the free clock, ns: local − true had nobody ever steered
 * @returns the error of the estimate after each packet from `since` raw s on, ns
 */
export function judgeSlidingMinimum(measurements: readonly TracedMeasurement[], offset: number, since: number): number[] {
  const last: Record<TracedMeasurement["kind"], number[]> = { toLocal: [], toRemote: [] };
  const errors: number[] = [];
  for (const { kind, value, steering, at } of measurements) {
    const sign = kind === "toLocal" ? 1 : -1;
    last[kind].push(value - sign * steering);
    if (last[kind].length > window) last[kind].shift();
    if (at < since || last.toLocal.length < window || last.toRemote.length < window) continue;
    errors.push((Math.min(...last.toLocal) - Math.min(...last.toRemote)) / 2 - offset);
  }
  return errors;
}
