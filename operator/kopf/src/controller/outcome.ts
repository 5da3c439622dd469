/** How a call of a handler ended; the label of `reconcile_total` is its kind. */
import { KopfError, PermanentError, TemporaryError } from "../errors.js";
import type { ReconcileResult } from "./result.js";

export type Outcome =
  | { readonly kind: "success" }
  | { readonly kind: "requeue_after"; readonly delayMs: number }
  | { readonly kind: "temporary_error"; readonly delayMs: number; readonly error: TemporaryError }
  | { readonly kind: "permanent_error"; readonly error: PermanentError }
  | { readonly kind: "timeout"; readonly error: unknown }
  | { readonly kind: "error"; readonly error: unknown }
  /** The operator stops; neither success nor failure. */
  | { readonly kind: "aborted" };

/** Runs `call`; whatever it throws, also before its first await, becomes an outcome. */
export async function runToOutcome(call: () => Promise<ReconcileResult>, isStopping: () => boolean): Promise<Outcome> {
  try {
    const result = await call();
    return result.kind === "done" ? { kind: "success" } : { kind: "requeue_after", delayMs: result.delayMs };
  } catch (error) {
    // Looked at first: the time limit shows itself as whatever the handler made of its aborted signal.
    if (isStopping()) return { kind: "aborted" };
    if (error instanceof TemporaryError) return { kind: "temporary_error", delayMs: error.delayMs, error };
    if (error instanceof PermanentError) return { kind: "permanent_error", error };
    return { kind: "error", error };
  }
}

export function timedOut(limitMs: number): KopfError {
  return new KopfError("KOPF_HANDLER_TIMEOUT", `the handler took longer than ${limitMs} ms`);
}
