/** The three times of leader election, checked: with the wrong ones nobody could lead, or two could. */
import { KopfError } from "../errors.js";
import type { LeaderElectionOptions } from "./leadership.js";

export interface ElectionTimes {
  readonly leaseDurationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** Share of the period by which replicas are spread, so that those that began together do not ask together. */
export const jitterShare = 0.2;

/** With client-go's defaults. Throws KOPF_CONFIG_INVALID. */
export function checkElection(options: LeaderElectionOptions): ElectionTimes {
  const { identity, leaseDurationMs = 15_000, name, namespace, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  const refuse = (what: string): never => {
    throw new KopfError("KOPF_CONFIG_INVALID", `leader election: ${what}`);
  };
  if (identity === "" || name === "" || namespace === "") refuse("identity, name and namespace must not be empty");
  if (!(leaseDurationMs > renewDeadlineMs)) refuse(`leaseDurationMs (${leaseDurationMs}) must exceed renewDeadlineMs (${renewDeadlineMs})`);
  if (!(retryPeriodMs > 0 && renewDeadlineMs > retryPeriodMs * (1 + jitterShare) * 2))
    refuse(`renewDeadlineMs (${renewDeadlineMs}) must leave time for two attempts, retryPeriodMs (${retryPeriodMs}) apart`);
  return { leaseDurationMs, renewDeadlineMs, retryPeriodMs };
}
