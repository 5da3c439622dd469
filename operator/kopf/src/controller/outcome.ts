/** How a call of a handler ended. */
import { KopfError, PermanentError, TemporaryError } from "../errors.js";
import type { ReconcileResult } from "./result.js";

export type Outcome =
  | { readonly kind: "success" }
  | { readonly kind: "requeue_after"; readonly delayMs: number }
  | { readonly kind: "temporary_error"; readonly delayMs: number; readonly error: TemporaryError }
  | { readonly kind: "permanent_error"; readonly error: PermanentError }
  | { readonly kind: "timeout"; readonly error: unknown }
  | { readonly kind: "error"; readonly error: unknown }
  /** The term is over or the operator stops; neither success nor failure. */
  | { readonly kind: "aborted" };

/** Label of `reconcile_total`, in controller-runtime's words; undefined: not counted, since nothing can be said. */
export function resultOf({ kind }: Outcome): "success" | "requeue_after" | "error" | undefined {
  return results[kind];
}

const results = {
  success: "success",
  requeue_after: "requeue_after",
  // The handler knows what it waits for and says when to look again.
  temporary_error: "requeue_after",
  permanent_error: "error",
  timeout: "error",
  error: "error",
  aborted: undefined,
} as const satisfies Record<Outcome["kind"], string | undefined>;

/** Runs `call`; whatever it throws, also before its first await, becomes an outcome. */
export async function runToOutcome(call: () => Promise<ReconcileResult>, isAborted: () => boolean): Promise<Outcome> {
  try {
    const result = await call();
    return result.kind === "done" ? { kind: "success" } : { kind: "requeue_after", delayMs: result.delayMs };
  } catch (error) {
    // Looked at first: the time limit shows itself as whatever the handler made of its aborted signal.
    if (isAborted()) return { kind: "aborted" };
    if (error instanceof TemporaryError) return { kind: "temporary_error", delayMs: error.delayMs, error };
    if (error instanceof PermanentError) return { kind: "permanent_error", error };
    return { kind: "error", error };
  }
}

export function timedOut(limitMs: number): KopfError {
  return new KopfError("KOPF_HANDLER_TIMEOUT", `the handler took longer than ${limitMs} ms`);
}
