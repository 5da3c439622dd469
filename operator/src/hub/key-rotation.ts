/**
 * When the hub's key is replaced, as a pure function of what the Secret says. An agent must never meet a certificate whose
 * authority it has not been given yet, so a rotation takes three steps with an overlap between them, in which the kubelets bring
 * the ConfigMap to every node: announce the next authority, serve with it, retire the previous one.
 *
 * Dates count over restarts, and lie when a machine's clock is corrected: no step that an agent could feel is taken on a date's
 * word alone, but only when the process has seen the stage for as long by its own monotonic clock.
 */

/** Where a rotation stands: settled (one authority), announced (two, the old one serves), serving (two, the new one serves). */
export type RotationStage = "Settled" | "Announced" | "Serving";

export interface RotationState {
  readonly stage: RotationStage;
  /** When the stage began; null: nobody wrote it down. */
  readonly since: Date | null;
  /** For how long this process has seen it there, ms. */
  readonly seenForMs: number;
  /** Somebody asked for a rotation now. */
  readonly requested: boolean;
}

export interface RotationPolicy {
  /** Age at which a key is replaced, ms. */
  readonly lifetimeMs: number;
  /** Time for a ConfigMap to reach every node, ms. */
  readonly overlapMs: number;
}

export type RotationStep =
  | "none"
  /** The stage's beginning is missing or lies in the future, as after a correction of the clock: it begins now. */
  | "date"
  | "announce"
  | "serve"
  | "retire";

export function nextRotationStep({ stage, since, requested, seenForMs }: RotationState, policy: RotationPolicy, now: Date): RotationStep {
  if (stage === "Settled" && requested) return "announce";
  if (since === null || Number.isNaN(since.getTime()) || since > now) return "date";
  const due = {
    Settled: { step: "announce", afterMs: policy.lifetimeMs },
    Announced: { step: "serve", afterMs: policy.overlapMs },
    Serving: { step: "retire", afterMs: policy.overlapMs },
  } as const;
  const { afterMs, step } = due[stage];
  const seen = stage === "Settled" || seenForMs >= afterMs;
  return seen && now.getTime() - since.getTime() >= afterMs ? step : "none";
}
