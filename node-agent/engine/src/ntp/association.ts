/**
 * An NTP association: one server, asked in client mode (RFC 5905 3 and 9, mode 3 → 4). What is checked is the standard's packet
 * procedure (RFC 5905 8 and A.5.1.1); what is sent tells nothing of us (draft-ietf-ntp-data-minimization): the transmit timestamp is
 * a cookie of 64 random bits, and an answer that does not bring back a cookie that is still open is nobody's.
 * Its output is measurements and requests; what becomes of them is the ensemble's business.
 */
import type { Stamp } from "../host.js";
import type { Raw } from "../time/units.js";
import { decodeNtp } from "../wire/ntp/decode.js";
import { encodeNtp } from "../wire/ntp/encode.js";
import { leapIndicator, mode, type NtpHeader } from "../wire/ntp/header.js";
import { textOfReferenceId } from "../wire/ntp/reference-id.js";
import { instantOf, isSameTimestamp, isZeroTimestamp, type NtpTimestamp, zeroTimestamp } from "../wire/ntp/timestamp.js";
import {
  type AssociationData,
  type AssociationMachine,
  type AssociationStep,
  type AssociationTrouble,
  type Exchange,
  refuse,
  startAssociation,
  unchanged,
} from "./association-data.js";
import { answerExchange, find, mostExchanges, replace, stampExchange } from "./exchange.js";
import {
  lostUntilUnreachable,
  pollAnswered,
  pollDenied,
  pollDisturbed,
  pollHeard,
  pollRateLimited,
  pollReopened,
  pollSent,
  startPoll,
} from "./poll-schedule.js";
import { remoteStateOf, resolutionOf, troubleOf } from "./remote-state.js";

/** Requests without an answer after which the server is asked in basic mode again, as RFC 9769's own client does. */
const missedUntilBasic = 4;
/** A silent server's name is resolved anew at most that often, s. */
const reopenSeconds = 60;
/** precision of a request: nothing is said of our clock. */
const noPrecision = 32;

/** The socket is open. What is known of a server is kept as long as the name leads to the same one. */
export function openAssociation(
  config: AssociationMachine,
  data: AssociationData,
  address: string,
  localAddress: string,
  at: Raw,
): AssociationData {
  const open = { address, localAddress, open: true, openedAt: at, exchanges: [], base: null };
  if (address === data.address) {
    const asksAtOnce = data.poll.unanswered >= lostUntilUnreachable;
    return { ...data, ...open, poll: pollReopened(data.poll, at, asksAtOnce) };
  }
  const remoteEra = data.remoteEra + (data.address === null ? 0 : 1);
  return { ...startAssociation(config), ...open, remoteEra, nextSequence: data.nextSequence, poll: startPoll(config, at) };
}

/** The socket is closed: nothing that was asked is answered any more. */
export function closeAssociation(data: AssociationData): AssociationData {
  return { ...data, open: false, exchanges: [], base: null };
}

/** The local clock jumped: what was learnt is void, so it is learnt again as at the start, as far as the server allows. */
export function disturbAssociation(data: AssociationData, at: Raw): AssociationData {
  return { ...data, base: null, proven: null, poll: pollDisturbed(data.poll, at) };
}

/** Raw time at which `tickAssociation` must be called next. */
export function associationDeadline(data: AssociationData): Raw {
  return data.open ? data.poll.next : Number.POSITIVE_INFINITY;
}

/** Asks, when it is time. `random`: uniform in [0, 1), of cryptographic quality: cookies are made of it. */
export function tickAssociation(config: AssociationMachine, data: AssociationData, at: Raw, random: () => number): AssociationStep {
  if (at < associationDeadline(data)) return unchanged(data);
  if (data.poll.unanswered >= lostUntilUnreachable && at - data.openedAt >= reopenSeconds)
    return { data: closeAssociation(data), outputs: [{ kind: "reopen" }] };
  const sequence = data.nextSequence;
  const base = data.base === null || data.base.missed >= missedUntilBasic ? null : find(data, data.base.sequence);
  const named = base?.reply?.receiveLabel ?? null;
  const cookie = makeCookie(random);
  const interleavedCookie = named === null ? null : makeCookie(random);
  const exchange: Exchange = {
    sequence,
    cookie,
    interleavedCookie,
    base: named === null ? null : (base?.sequence ?? null),
    sent: null,
    answered: false,
    reply: null,
    transmit: null,
    told: { toLocal: false, toRemote: false },
  };
  const poll = pollSent(config, data.poll, at, random());
  const bytes = encodeNtp({
    leap: leapIndicator.none,
    version: 4,
    mode: mode.client,
    stratum: 0,
    poll: Math.min(127, data.poll.log),
    precision: noPrecision,
    rootDelay: 0,
    rootDispersion: 0,
    referenceId: 0,
    reference: zeroTimestamp,
    origin: named ?? zeroTimestamp,
    receive: interleavedCookie ?? zeroTimestamp,
    transmit: cookie,
  });
  const kept = data.base === null || named === null ? null : { ...data.base, missed: data.base.missed + 1 };
  return {
    data: { ...data, poll, base: kept, nextSequence: (sequence + 1) & 0xffff, exchanges: keep(data, exchange, kept?.sequence ?? null) },
    outputs: [{ kind: "request", sequence, bytes }],
  };
}

/** The newest ones, and the one that is still asked about. */
function keep({ exchanges }: AssociationData, newest: Exchange, base: number | null): readonly Exchange[] {
  const others = exchanges.filter(({ sequence }) => sequence !== newest.sequence);
  const recent = others.slice(1 - mostExchanges);
  const asked = others.find(({ sequence }) => sequence === base);
  return [...(asked === undefined || recent.includes(asked) ? recent : [asked, ...recent.slice(1)]), newest];
}

/** 64 bits that are not all 0: that would mean that there is no timestamp. */
function makeCookie(random: () => number): NtpTimestamp {
  return { high: Math.floor(random() * 0x1_0000_0000) || 1, low: Math.floor(random() * 0x1_0000_0000) };
}

/** The kernel's transmit stamp of request `sequence`, in era `era` of the local clock; null: it never came. */
export function stampRequest(
  config: AssociationMachine,
  data: AssociationData,
  sequence: number,
  stamp: Stamp | null,
  era: number,
): AssociationStep {
  return stampExchange(config, data, sequence, stamp && { stamp, era });
}

/** A datagram from the server's address. `stamp` null: the kernel gave none; `at` is the raw time, `era` the local clock's. */
export function receiveDatagram(
  config: AssociationMachine,
  data: AssociationData,
  bytes: Uint8Array,
  stamp: Stamp | null,
  at: Raw,
  era: number,
): AssociationStep {
  const decoded = decodeNtp(bytes);
  if (decoded.kind === "dropped") return refuse(data, decoded.reason);
  const { header } = decoded;
  if (header.mode !== mode.server) return refuse(data, "mode");
  const exchange = data.exchanges.find((candidate) => answers(header, candidate) !== null);
  if (exchange === undefined) return refuse(data, "origin");
  if (exchange.answered) return refuse(data, "duplicate");
  const taken = replace(data, { ...exchange, answered: true });
  if (header.stratum === 0) return receiveKiss(config, taken, header, stamp, at, era);
  const trouble = troubleOf(header, data.localAddress);
  if (trouble !== null) return distrust(config, { ...taken, poll: pollHeard(taken.poll) }, header, trouble, stamp, at, era);
  const reason = flawOf(header);
  if (reason !== null) return refuse(taken, reason);
  if (stamp === null) return refuse(taken, "no-stamp");
  const { stratum, referenceId, rootDelay } = header;
  const believed: AssociationData = {
    ...taken,
    stratum,
    followedStratum: stratum,
    referenceId,
    rootDelay,
    trouble: null,
    remote: remoteStateOf(config, header, null),
    poll: pollAnswered(config, taken.poll, at),
  };
  const reply = {
    receive: instantOf(header.receive),
    receiveLabel: header.receive,
    arrival: { stamp, era },
    rootHard: remoteStateOf(config, header, null).rootHard,
    resolution: resolutionOf(header),
  };
  return answerExchange(config, believed, exchange, reply, instantOf(header.transmit), answers(header, exchange) === "interleaved");
}

function answers({ origin }: NtpHeader, { cookie, interleavedCookie }: Exchange): "basic" | "interleaved" | null {
  if (isSameTimestamp(origin, cookie)) return "basic";
  return interleavedCookie !== null && isSameTimestamp(origin, interleavedCookie) ? "interleaved" : null;
}

/** What cannot be right in the header of a synchronized server. */
function flawOf({ reference, receive, transmit }: NtpHeader): string | null {
  if (isZeroTimestamp(receive) || isZeroTimestamp(transmit)) return "zero-timestamp";
  // Its clock was set after it received the request: RFC 5905 A.5.1.1. The difference is taken as if of one era, as 6 says.
  const ahead = (reference.high - receive.high) | 0;
  return !isZeroTimestamp(reference) && ahead > 0 ? "reference-in-future" : null;
}

/** RFC 5905 7.4. Only with our cookie, or anybody could stop us. */
function receiveKiss(
  config: AssociationMachine,
  data: AssociationData,
  header: NtpHeader,
  stamp: Stamp | null,
  at: Raw,
  era: number,
): AssociationStep {
  switch (textOfReferenceId(header.referenceId)) {
    case "RATE":
      return {
        // What else is under way was asked at the old rate: its kisses count once.
        data: {
          ...data,
          trouble: "RateLimited",
          exchanges: data.exchanges.map((exchange) => ({ ...exchange, answered: true })),
          poll: pollRateLimited(config, data.poll, at),
        },
        outputs: [{ kind: "dropped", reason: "kiss-rate" }],
      };
    case "DENY":
    case "RSTR":
      return distrust(config, { ...data, poll: pollDenied(config, data.poll, at) }, header, "Denied", stamp, at, era);
    default:
      return distrust(config, { ...data, poll: pollHeard(data.poll) }, header, "Unsynchronized", stamp, at, era);
  }
}

const reasons: Readonly<Record<AssociationTrouble, string>> = {
  Unsynchronized: "unsynchronized",
  RootDistance: "root-distance",
  Loop: "loop",
  Denied: "kiss-deny",
  RateLimited: "kiss-rate",
};

/** It answers, and not with time: the ensemble is told, so that nobody takes the source for a healthy one that is quiet. */
function distrust(
  config: AssociationMachine,
  data: AssociationData,
  header: NtpHeader,
  trouble: AssociationTrouble,
  stamp: Stamp | null,
  at: Raw,
  era: number,
): AssociationStep {
  const { stratum, referenceId } = header;
  const remote = remoteStateOf(config, header, trouble);
  const next: AssociationData = {
    ...data,
    // A kiss says nothing of the clock behind it.
    ...(stratum === 0 ? {} : { stratum, referenceId }),
    remote,
    trouble,
    base: null,
    // What waits for a stamp or for its true T3 was said by a server that is not believed now.
    exchanges: data.exchanges.map((exchange) => (exchange.answered ? { ...exchange, told: { toLocal: true, toRemote: true } } : exchange)),
    mayHaveJumped: true,
  };
  return {
    data: next,
    outputs: [
      { kind: "dropped", reason: reasons[trouble] },
      {
        kind: "measure",
        measurement: {
          kind: "toLocal",
          link: config.link,
          local: config.clock,
          at: stamp?.raw ?? at,
          steering: stamp?.steering ?? 0,
          localEra: era,
          remoteEra: data.remoteEra,
          stampClass: "kernel",
          resolution: resolutionOf(header),
          hardMin: 0,
          // No value: `uncertain` has it refused before it is looked at.
          value: 0,
          remoteState: remote,
        },
      },
    ],
  };
}
