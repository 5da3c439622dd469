/** Who answers NTP on a segment: a server with a clock of its own, or a host that serves what its engine says of its clock. */
import type { Instant, Nanoseconds } from "../time/units.js";
import { decodeNtp } from "../wire/ntp/decode.js";
import { encodeNtp } from "../wire/ntp/encode.js";
import { leapIndicator, mode, type NtpHeader, unsynchronizedStratum } from "../wire/ntp/header.js";
import { isSameTimestamp, isZeroTimestamp, type NtpTimestamp, timestampOf, zeroTimestamp } from "../wire/ntp/timestamp.js";
import { epochSeconds, type SegmentHost } from "./segment-host.js";

/** Between arrival and departure, besides what was written too early, s. */
const turnaround = 20e-6;
/** Answers that are remembered for interleaved requests. */
const remembered = 32;

export interface NtpResponder {
  readonly name: string;
  /** IPv4, dotted. */
  readonly address: string;
  /** Its label at truth `at`, s. */
  label(at: number): Instant;
  /** What it says besides the four timestamps and what it echoes; null: it is silent. */
  says(at: number): NtpHeader | null;
  /** How long before an answer goes its transmit timestamp is written, s. */
  readonly writesBefore: () => number;
  /** It knows RFC 9769. */
  readonly interleaves: boolean;
  /** Last change of an answer; null: it is not sent. */
  readonly rewrites: (answer: NtpHeader, request: NtpHeader, at: number) => NtpHeader | null;
}

export interface NtpServerOptions {
  readonly name: string;
  readonly address: string;
  /** Its clock − truth at `at`, ns. */
  readonly error?: (at: number) => Nanoseconds;
  /** POSIX second at which its segment begins. */
  readonly epoch?: number;
  readonly writesBefore?: () => number;
  readonly interleaves?: boolean;
}

/** A server with a reference of its own: stratum 1 unless a test says otherwise. */
export class SimulatedNtpServer implements NtpResponder {
  readonly name: string;
  readonly address: string;
  readonly writesBefore: () => number;
  readonly interleaves: boolean;
  readonly #error: (at: number) => Nanoseconds;
  readonly #epoch: number;
  /** Fields of its answers; tests change them while it runs. */
  fields: NtpHeader = {
    leap: leapIndicator.none,
    version: 4,
    mode: mode.server,
    stratum: 1,
    poll: 0,
    precision: -25,
    rootDelay: 0,
    rootDispersion: 15_258.7890625,
    referenceId: 0x47505300,
    reference: zeroTimestamp,
    origin: zeroTimestamp,
    receive: zeroTimestamp,
    transmit: zeroTimestamp,
  };
  rewrites: NtpResponder["rewrites"] = (answer) => answer;

  constructor({ name, address, error = () => 0, epoch = epochSeconds, writesBefore = () => 0, interleaves = true }: NtpServerOptions) {
    this.name = name;
    this.address = address;
    this.#error = error;
    this.#epoch = epoch;
    this.writesBefore = writesBefore;
    this.interleaves = interleaves;
  }

  label(at: number): Instant {
    const ns = Math.round(at * 1e9 + this.#error(at));
    const seconds = Math.floor(ns / 1e9);
    return { seconds: this.#epoch + seconds, nanoseconds: ns - seconds * 1e9 };
  }

  says(): NtpHeader {
    return this.fields;
  }
}

/** As the native server does it: the template, grown, until it is void. */
export function respondAsHost(host: SegmentHost): NtpResponder {
  return {
    name: host.name,
    address: host.address,
    writesBefore: () => 0,
    interleaves: true,
    rewrites: (answer) => answer,
    label: (at) => host.stamp(at),
    says(at) {
      if (host.serving === null) return null;
      const { server, since } = host.serving;
      const decoded = decodeNtp(server.template);
      if (decoded.kind === "dropped") throw new Error(`a template that is ${decoded.reason}`);
      const age = host.raw(at) - since;
      if (age > server.validFor) return { ...decoded.header, leap: leapIndicator.unsynchronized, stratum: unsynchronizedStratum };
      return { ...decoded.header, rootDispersion: decoded.header.rootDispersion + age * server.dispersionGrowth };
    },
  };
}

/** What one responder remembers of its answers: when those really went, by their receive timestamp. */
export class NtpDesk {
  readonly #went: [label: NtpTimestamp, transmit: NtpTimestamp][] = [];

  /** @returns null: no answer. `departure`: truth, s */
  answer(responder: NtpResponder, bytes: Uint8Array, at: number): { readonly bytes: Uint8Array; readonly departure: number } | null {
    const decoded = decodeNtp(bytes);
    const says = responder.says(at);
    if (decoded.kind === "dropped" || decoded.header.mode !== mode.client || says === null) return null;
    const request = decoded.header;
    const receive = timestampOf(responder.label(at));
    const early = responder.writesBefore();
    const departure = at + turnaround + early;
    const named = isZeroTimestamp(request.origin) ? undefined : this.#went.find(([label]) => isSameTimestamp(label, request.origin));
    const known = responder.interleaves ? named : undefined;
    const basic = { origin: request.transmit, transmit: timestampOf(responder.label(departure - early)) };
    const stamps = known === undefined ? basic : { origin: request.receive, transmit: known[1] };
    this.#went.push([receive, timestampOf(responder.label(departure))]);
    if (this.#went.length > remembered) this.#went.shift();
    const answer = responder.rewrites({ ...says, version: request.version, poll: request.poll, receive, ...stamps }, request, at);
    return answer && { bytes: encodeNtp(answer), departure };
  }
}
