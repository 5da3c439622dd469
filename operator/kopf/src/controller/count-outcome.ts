/** The one place where the end of a call is counted, so that every kind of handler has the same metrics. */
import { codeOf } from "../errors.js";
import type { Instruments } from "../metrics/metrics.js";
import { type Outcome, resultOf } from "./outcome.js";

/** `controller` is the label. A TemporaryError is an expected wait and no error; an aborted call is not counted at all. */
export function countOutcome(instruments: Instruments, controller: string, outcome: Outcome, seconds: number): void {
  const result = resultOf(outcome);
  if (result === undefined) return;
  instruments.reconciles.increment({ controller, result });
  instruments.reconcileSeconds.observe({ controller }, seconds);
  if (result === "error" && "error" in outcome) instruments.reconcileErrors.increment({ controller, code: codeOf(outcome.error) });
  if (outcome.kind === "permanent_error") instruments.terminalErrors.increment({ controller });
  if (outcome.kind === "timeout") instruments.reconcileTimeouts.increment({ controller });
}
