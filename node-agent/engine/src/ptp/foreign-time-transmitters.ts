/**
 * Who announces itself on this port: IEEE 1588-2019 9.3.2.4 and 9.3.2.5. A sender is qualified by its second Announce within
 * FOREIGN_TIME_TRANSMITTER_TIME_WINDOW (four announce intervals), and forgotten when the window passes without one.
 *
 * The table is bounded: when it is full the worst sender goes, never the one that is followed. So a flood of invented senders
 * cannot grow it, cannot push out the one that is followed, and keeps a new one out only by being better.
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

/** The port that keeps the table. */
interface Listener {
  readonly receiver: PortIdentity;
  /** The sender that it follows; null: none. */
  readonly followed: PortIdentity | null;
  /** Announce interval, s. */
  readonly interval: number;
}

/** Adds one Announce. */
export function recordAnnounce(
  table: ForeignTable,
  heard: Omit<ForeignTimeTransmitter, "arrivals">,
  at: Raw,
  listener: Listener,
): ForeignTable {
  const alive = expire(table, at, listener.interval);
  const known = alive.find((entry) => comparePortIdentity(entry.sender, heard.sender) === 0);
  const arrivals = [...(known?.arrivals ?? []), at].slice(-threshold);
  const all = [...alive.filter((entry) => entry !== known), { ...heard, arrivals }];
  if (all.length <= capacity) return all;
  const worst = worstOf(all, listener);
  return all.filter((entry) => entry !== worst);
}

/** The one that would lose against all others; the newer of equals, so that copies of one grandmaster do not push each other out. */
function worstOf(table: ForeignTable, { receiver, followed }: Listener): ForeignTimeTransmitter | null {
  let worst: ForeignTimeTransmitter | null = null;
  for (const entry of table) {
    if (followed !== null && comparePortIdentity(entry.sender, followed) === 0) continue;
    if (worst === null || !isBetter(entry, worst, receiver)) worst = entry;
  }
  return worst;
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
    if (best === null || isBetter(entry, best, receiver)) best = entry;
  }
  return best;
}

function isBetter(a: ForeignTimeTransmitter, b: ForeignTimeTransmitter, receiver: PortIdentity): boolean {
  const comparison = compareCandidates(candidateOf(a, receiver), candidateOf(b, receiver));
  return comparison.kind !== "same" && comparison.side === "a";
}

function candidateOf({ sender, body }: ForeignTimeTransmitter, receiver: PortIdentity): Candidate {
  const { grandmasterIdentity, priority1, quality, priority2, stepsRemoved } = body;
  return { grandmasterIdentity, priority1, quality, priority2, stepsRemoved, sender, receiver };
}
