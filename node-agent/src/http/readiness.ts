/** When the agent counts as ready: it has what was asked for, which may be nothing, a reference of its own, or a source that it measures. */
import type { ClockState } from "@meridian/engine";

/** As much of an EngineConfig as matters here. */
interface Parts {
  readonly receivers: readonly unknown[];
  readonly associations: readonly unknown[];
  readonly comparisons: readonly unknown[];
  readonly transmitters: readonly unknown[];
}

/** States in which a source is configured but not measured, or nothing is known at all. */
const unmeasured: readonly ClockState[] = ["Unknown", "FreeRunning", "Acquiring"];

/** @param config null: none yet. @returns null when ready */
export function explainNotReady(config: Parts | null, state: ClockState): string | null {
  if (!config) return "no configuration yet";
  const { transmitters } = config;
  const sources = config.receivers.length + config.associations.length + config.comparisons.length;
  // A released node must not hold up the roll-out of the others.
  if (sources + transmitters.length === 0) return null;
  const waiting = sources > 0 ? unmeasured.includes(state) : state === "Unknown";
  return waiting ? `clock state ${state}` : null;
}
