/**
 * The one record. Whatever a protocol or device learns about a clock becomes a Measurement; filters, vote and bound know
 * nothing else. Signs and frames: docs/concepts/signs.md.
 *
 *   offset x = local − reference (ns, positive: local ahead)      mean floor m, asymmetry A = (to local − to remote)/2
 *   toLocal  value =  x + m + A + n        toRemote value = −x + m − A + n        n ≥ 0: queueing
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";

export type LinkId = string;
export type ClockId = string;

/** How a stamp was taken; the asymmetry prior depends on it. */
export type StampClass = "hardware" | "kernel" | "user";

/** What the far end says of itself; null: it did not say. */
export interface RemoteState {
  /** Timescale of its labels after what the profile allows was applied; ARB is never used for phase. */
  readonly scale: "TAI" | "UTC" | "ARB";
  readonly taiMinusUtc: number | null;
  readonly leap: -1 | 0 | 1 | null;
  /** Hard limit of its own error (guaranteed bound), ns. */
  readonly rootHard: Nanoseconds | null;
  /** Standard deviation of its own error, ns, and the correlation time of that error, s. */
  readonly rootSigma: Nanoseconds | null;
  readonly rootTau: number | null;
  /** Systematic part (adds linearly), ns. */
  readonly rootSystematic: Nanoseconds | null;
  /** Grandmaster, path trace, reference ids: loop detection. */
  readonly path: readonly string[];
  readonly stepsRemoved: number;
  /** It says that its time is not to be relied on (synchronizationUncertain, alarm). */
  readonly uncertain: boolean;
}

interface MeasurementBase {
  readonly link: LinkId;
  readonly local: ClockId;
  /** Raw time of the local event. */
  readonly at: Raw;
  /** What steering had done to the local clock at that event, ns: value ∓ steering is the raw frame. */
  readonly steering: Nanoseconds;
  /** +1 per step, suspend, reset of the local clock. */
  readonly localEra: number;
  /** +1 per discontinuity that the remote announces (new grandmaster, applied leap second). */
  readonly remoteEra: number;
  readonly stampClass: StampClass;
  /** Resolution of the stamps, ns. */
  readonly resolution: Nanoseconds;
  /** Smallest possible one-way delay, ns, ≥ 0. */
  readonly hardMin: Nanoseconds;
  readonly remoteState: RemoteState;
}

export type Measurement = MeasurementBase &
  ({ readonly kind: "toLocal"; readonly value: Nanoseconds } | { readonly kind: "toRemote"; readonly value: Nanoseconds });

/** A frequency command: piecewise constant, ends by itself. */
export interface Command {
  readonly clock: ClockId;
  readonly ppb: Ppb;
  /** Raw time from which thenPpb applies. */
  readonly untilRaw: Raw;
  readonly thenPpb: Ppb;
}
