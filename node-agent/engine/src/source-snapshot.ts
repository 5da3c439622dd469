/** What a report says of a source, as it last said itself. null: not said, or not of that protocol. */
import type { AssociationState } from "./association-instance.js";
import type { ReceiverState } from "./ptp/receiver-data.js";

export interface SourceSnapshot {
  readonly source: string;
  /** PTP only. */
  readonly portState: ReceiverState | null;
  /** PTP only; null as well: nobody is followed. */
  readonly grandmasterIdentity: string | null;
  readonly clockClass: number | null;
  readonly currentUtcOffset: number | null;
  readonly currentUtcOffsetValid: boolean;
  readonly stepsRemoved: number | null;
  /** Leap second that it announces: inserted, deleted, none. */
  readonly leap: -1 | 0 | 1 | null;
  /** NTP only. */
  readonly ntp: NtpFacts | null;
}

export interface NtpFacts {
  readonly state: AssociationState;
  /** Of the server, IPv4, dotted; null: its name was never resolved. */
  readonly address: string | null;
  /** 0 … 255, as it stood in the newest answer. */
  readonly stratum: number | null;
  /** 1 … 15, when its time was last believed. */
  readonly followedStratum: number | null;
  /** RFC 5905 7.3: letters at stratum 0 and 1, else IPv4. */
  readonly referenceId: string | null;
  /** Of its own path to its primary source, there and back, ns. */
  readonly rootDelay: number | null;
  /** Present interval of requests, s. */
  readonly poll: number;
  /** Newest eight requests, the newest lowest: 1 where an answer was used (RFC 5905 9.2). */
  readonly reachability: number;
  /** Its transmit stamps are the kernel's (RFC 9769). */
  readonly interleaved: boolean;
}
