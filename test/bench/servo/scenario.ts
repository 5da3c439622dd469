/** A world with a name, and what is judged in it. */
import type { World } from "@meridian/engine/sim";
import type { PeerName } from "../peers/peers.js";

export interface Peer {
  readonly name: string;
  readonly value: number;
}

/** A figure whose peer was measured with the same model. */
export interface MeasuredFigure {
  readonly kind: "rms" | "max";
  /** ns. */
  readonly target: number;
  readonly moonshot: number;
  readonly peer: Peer;
}

/** Which figures a scenario has. */
export type Row = "servo" | "ptp" | "tails" | "holdover" | "lock" | "robust";

export interface Scenario {
  readonly name: string;
  readonly row: Row;
  readonly world: World;
  /** Whole seconds from here on count for errors; absent: after the first fifth. */
  readonly from?: number;
  /** Restated peers that see the same packets. */
  readonly peers: readonly PeerName[];
  readonly figures: readonly MeasuredFigure[];
  /** What the calibrated bound assumes and this world is not: directions with different laws have a target of their own. Absent: nothing. */
  readonly breaks?: "SameLaws";
}
