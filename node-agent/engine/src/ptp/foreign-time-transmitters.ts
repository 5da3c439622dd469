/**
 * Who announces itself on this port: IEEE 1588-2019 9.3.2.4 and 9.3.2.5. A sender is qualified by its second Announce within
 * FOREIGN_TIME_TRANSMITTER_TIME_WINDOW (four announce intervals), and forgotten when the window passes without one.
 *
 * The table is bounded: a flood of invented senders cannot grow it, and cannot push out the one that is followed.
 */
import type { Raw } from "../time/units.js";
import { comparePortIdentity, type PortIdentity } from "../wire/ptp/identity.js";
import type { AnnounceBody, Header } from "../wire/ptp/message.js";
import { type Candidate, compareCandidates } from "./data-set-comparison.js";

/** 9.3.2.4.5: the recommended capacity is at least five. */
export const capacity = 16;
/** 9.3.2.4.4. */
const windowIntervals = 4;
const threshold = 2;

export interface ForeignTimeTransmitter {
  readonly sender: PortIdentity;
  /** Arrival of the latest Announces inside the window, oldest first, at most `threshold`. */
  readonly arrivals: readonly Raw[];
  readonly header: Header;
  readonly body: AnnounceBody;
  /** IPv4 it was heard from. */
  readonly address: string;
}

export type ForeignTable = readonly ForeignTimeTransmitter[];

/** Adds one Announce. @param interval announce interval of this port, s. */
export function recordAnnounce(
  table: ForeignTable,
  heard: Omit<ForeignTimeTransmitter, "arrivals">,
  at: Raw,
  interval: number,
): ForeignTable {
  const alive = expire(table, at, interval);
  const known = alive.find((entry) => comparePortIdentity(entry.sender, heard.sender) === 0);
  const arrivals = [...(known?.arrivals ?? []), at].slice(-threshold);
  const others = alive.filter((entry) => entry !== known);
  if (!known && others.length >= capacity) {
    const weakest = others.findIndex((entry) => entry.arrivals.length < threshold);
    if (weakest < 0) return alive;
    others.splice(weakest, 1);
  }
  return [...others, { ...heard, arrivals }];
}

export function expire(table: ForeignTable, at: Raw, interval: number): ForeignTable {
  const oldest = at - windowIntervals * interval;
  const alive = table.filter((entry) => (entry.arrivals.at(-1) ?? Number.NEGATIVE_INFINITY) >= oldest);
  return alive.length === table.length ? table : alive;
}

export function isQualified(entry: ForeignTimeTransmitter): boolean {
  return entry.arrivals.length >= threshold;
}

/** E_best of 9.3.2.3: the best qualified candidate, or null. Ties by topology go to the better one as well. */
export function bestOf(table: ForeignTable, receiver: PortIdentity): ForeignTimeTransmitter | null {
  let best: ForeignTimeTransmitter | null = null;
  for (const entry of table) {
    if (!isQualified(entry)) continue;
    if (!best) best = entry;
    else {
      const comparison = compareCandidates(candidateOf(entry, receiver), candidateOf(best, receiver));
      if (comparison.kind !== "same" && comparison.side === "a") best = entry;
    }
  }
  return best;
}

function candidateOf({ sender, body }: ForeignTimeTransmitter, receiver: PortIdentity): Candidate {
  const { grandmasterIdentity, priority1, quality, priority2, stepsRemoved } = body;
  return { grandmasterIdentity, priority1, quality, priority2, stepsRemoved, sender, receiver };
}
