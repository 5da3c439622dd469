/** What an association is told, what it remembers between two events, and what it answers: plain data, no behaviour. */
import type { LinkId, Measurement, RemoteState } from "../ensemble/measurement.js";
import type { Stamp } from "../host.js";
import type { Instant, Nanoseconds, Raw } from "../time/units.js";
import type { NtpTimestamp } from "../wire/ntp/timestamp.js";
import { type PollLimits, type PollState, startPoll } from "./poll-schedule.js";

export interface AssociationMachine extends PollLimits {
  readonly link: LinkId;
  readonly clock: string;
  /** Scale of the local clock's seconds. */
  readonly clockScale: "UTC" | "TAI";
  readonly interleaved: boolean;
  /** Largest error of the source, for which the user vouches, ns; null: not given. */
  readonly uncertainty: Nanoseconds | null;
}

/** A local stamp and the era of the clock that it was taken in. */
export interface Timed {
  readonly stamp: Stamp;
  readonly era: number;
}

/** What came back for a request. */
export interface Reply {
  /** T2. */
  readonly receive: Instant;
  /** T2 as it stood on the wire: the next request names this exchange by it. */
  readonly receiveLabel: NtpTimestamp;
  /** T3 as the server wrote it before the answer went; null: the answer was interleaved and told another one's. */
  readonly written: Instant | null;
  /** T4. */
  readonly arrival: Timed;
  /** Of the server's labels, ns. */
  readonly resolution: Nanoseconds;
  /** Hard limit of the server's error when it wrote them, ns: a later answer may say less, and mean later labels. */
  readonly rootHard: Nanoseconds | null;
}

export interface Exchange {
  /** 0 … 65,535; of two with the same number the older is forgotten. */
  readonly sequence: number;
  /** Random: what a basic answer must bring back. */
  readonly cookie: NtpTimestamp;
  /** Random: what an interleaved answer must bring back; null: a basic request. */
  readonly interleavedCookie: NtpTimestamp | null;
  /** The exchange whose true T3 this one asks for. */
  readonly base: number | null;
  /** T1; "missing": the kernel never gave it. */
  readonly sent: Timed | "missing" | null;
  /** Its one answer was taken. */
  readonly answered: boolean;
  /** null: none yet, or one that is of no use. */
  readonly reply: Reply | null;
  /** T3 that is to be used; null: not known yet. */
  readonly transmit: Instant | null;
  readonly told: { readonly toLocal: boolean; readonly toRemote: boolean };
}

/** Why the server's time is not used although it answers. */
export type AssociationTrouble = "Unsynchronized" | "RootDistance" | "Loop" | "Denied" | "RateLimited";

/** What a good exchange proved of local − server in the raw frame. */
export interface Proven {
  readonly raw: Raw;
  readonly offset: Nanoseconds;
  /** Half of its round trip. */
  readonly half: Nanoseconds;
}

export interface AssociationData {
  /** Of the server, and that we send from; IPv4, dotted. null: never opened. */
  readonly address: string | null;
  readonly localAddress: string | null;
  /** The socket is open. */
  readonly open: boolean;
  /** Raw time since when; it is not opened anew too often. */
  readonly openedAt: Raw;
  readonly exchanges: readonly Exchange[];
  readonly nextSequence: number;
  /** Newest answered exchange, and requests since; only while the server is asked for true transmit stamps. */
  readonly base: { readonly sequence: number; readonly missed: number } | null;
  /** Basic answers in a row to interleaved requests. */
  readonly basicInRow: number;
  /** The newest answer with the server's time was interleaved. */
  readonly interleaved: boolean;
  readonly poll: PollState;
  /** From the newest answer. */
  readonly remote: RemoteState | null;
  readonly stratum: number | null;
  /** The same when its time was last believed: what the clock still is in holdover. */
  readonly followedStratum: number | null;
  readonly referenceId: number | null;
  readonly rootDelay: Nanoseconds;
  readonly trouble: AssociationTrouble | null;
  /** +1 when its labels are known to have jumped. */
  readonly remoteEra: number;
  readonly proven: Proven | null;
  /** It was unsynchronized since: its labels may have jumped. */
  readonly mayHaveJumped: boolean;
}

export type AssociationOutput =
  | { readonly kind: "measure"; readonly measurement: Measurement }
  | { readonly kind: "request"; readonly sequence: number; readonly bytes: Uint8Array }
  | { readonly kind: "dropped"; readonly reason: string }
  /** Resolve the server's name anew: nobody answers at the present address. */
  | { readonly kind: "reopen" };

export interface AssociationStep {
  readonly data: AssociationData;
  readonly outputs: readonly AssociationOutput[];
}

export function startAssociation(limits: PollLimits): AssociationData {
  return {
    address: null,
    localAddress: null,
    open: false,
    openedAt: 0,
    exchanges: [],
    nextSequence: 0,
    base: null,
    basicInRow: 0,
    interleaved: false,
    poll: startPoll(limits, 0),
    remote: null,
    stratum: null,
    followedStratum: null,
    referenceId: null,
    rootDelay: 0,
    trouble: null,
    remoteEra: 0,
    proven: null,
    mayHaveJumped: false,
  };
}

export const unchanged = (data: AssociationData): AssociationStep => ({ data, outputs: [] });
/** The answer is not used; `reason` is what metrics count. */
export const refuse = (data: AssociationData, reason: string): AssociationStep => ({ data, outputs: [{ kind: "dropped", reason }] });
