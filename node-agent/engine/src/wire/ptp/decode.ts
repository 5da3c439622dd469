/**
 * Octets → PtpMessage. Everything is checked before it is read; whatever does not hold is dropped with a reason that
 * metrics count. messageLength rules: octets after it are padding (13.3.2.4), a TLV may not reach beyond it (13.4).
 */
import type { Instant } from "../../time/units.js";
import type { PortIdentity } from "./identity.js";
import { type Header, messageType, type PtpMessage } from "./message.js";

export type DropReason = "truncated" | "version" | "length" | "type" | "nanoseconds" | "correction" | "tlv" | "oversized";

export type Decoded =
  | { readonly kind: "message"; readonly message: PtpMessage }
  | { readonly kind: "dropped"; readonly reason: DropReason };

const headerOctets = 34;
/** Larger than any message that fits an Ethernet frame. */
const largestMessage = 1500;

/** 34 s, ns. No path is that long; "too large to be stated" (13.3.2.9) lies beyond, and sums of two stay exact in a double. */
const largestCorrection = 2 ** 35;

/** Octets of each type before TLVs, table 35 ff.; undefined: reserved. */
const bodyOctets: Readonly<Record<number, number>> = { 0: 44, 1: 44, 2: 54, 3: 54, 8: 44, 9: 54, 10: 54, 11: 64, 12: 44, 13: 48 };

const dropped = (reason: DropReason): Decoded => ({ kind: "dropped", reason });

/** @param octets one datagram; only read during the call. */
export function decodeMessage(octets: Uint8Array): Decoded {
  if (octets.length < headerOctets) return dropped("truncated");
  if (octets.length > largestMessage) return dropped("oversized");
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const versions = view.getUint8(1);
  if ((versions & 0x0f) !== 2) return dropped("version");
  const type = view.getUint8(0) & 0x0f;
  const smallest = bodyOctets[type];
  if (smallest === undefined) return dropped("type");
  const length = view.getUint16(2);
  if (length > octets.length) return dropped("truncated");
  if (length < smallest) return dropped("length");
  if (!tlvsFit(view, smallest, length)) return dropped("tlv");
  const header = readHeader(view, versions >> 4);
  if (Math.abs(header.correction) > largestCorrection) return dropped("correction");
  const message = readBody(view, type, header);
  return message ? { kind: "message", message } : dropped("nanoseconds");
}

function readHeader(view: DataView, minorVersion: number): Header {
  return {
    sdoId: ((view.getUint8(0) >> 4) << 8) | view.getUint8(5),
    minorVersion,
    domainNumber: view.getUint8(4),
    flags: view.getUint16(6),
    correction: (view.getInt32(8) * 0x1_0000_0000 + view.getUint32(12)) / 0x1_0000,
    source: readPortIdentity(view, 20),
    sequenceId: view.getUint16(30),
    logInterval: view.getInt8(33),
  };
}

/** @returns null when a time stamp holds 10^9 ns or more (5.3.3). */
function readBody(view: DataView, type: number, header: Header): PtpMessage | null {
  const at34 = readInstant(view, 34);
  switch (type) {
    case messageType.sync:
      return at34 && { type: "Sync", header, origin: at34 };
    case messageType.delayReq:
      return at34 && { type: "Delay_Req", header, origin: at34 };
    case messageType.pdelayReq:
      return at34 && { type: "Pdelay_Req", header, origin: at34 };
    case messageType.pdelayResp:
      return at34 && { type: "Pdelay_Resp", header, requestReceipt: at34, requester: readPortIdentity(view, 44) };
    case messageType.followUp:
      return at34 && { type: "Follow_Up", header, preciseOrigin: at34 };
    case messageType.delayResp:
      return at34 && { type: "Delay_Resp", header, receive: at34, requester: readPortIdentity(view, 44) };
    case messageType.pdelayRespFollowUp:
      return at34 && { type: "Pdelay_Resp_Follow_Up", header, responseOrigin: at34, requester: readPortIdentity(view, 44) };
    case messageType.announce:
      return (
        at34 && {
          type: "Announce",
          header,
          body: {
            origin: at34,
            currentUtcOffset: view.getInt16(44),
            priority1: view.getUint8(47),
            quality: { clockClass: view.getUint8(48), clockAccuracy: view.getUint8(49), offsetScaledLogVariance: view.getUint16(50) },
            priority2: view.getUint8(52),
            grandmasterIdentity: view.getBigUint64(53),
            stepsRemoved: view.getUint16(61),
            timeSource: view.getUint8(63),
          },
        }
      );
    case messageType.signaling:
      return { type: "Signaling", header, target: readPortIdentity(view, 34) };
    default:
      return {
        type: "Management",
        header,
        target: readPortIdentity(view, 34),
        startingBoundaryHops: view.getUint8(44),
        boundaryHops: view.getUint8(45),
        action: view.getUint8(46) & 0x0f,
      };
  }
}

function readPortIdentity(view: DataView, at: number): PortIdentity {
  return { clockIdentity: view.getBigUint64(at), portNumber: view.getUint16(at + 8) };
}

/** 48-bit seconds and 32-bit nanoseconds, 5.3.3. */
function readInstant(view: DataView, at: number): Instant | null {
  const nanoseconds = view.getUint32(at + 6);
  if (nanoseconds >= 1_000_000_000) return null;
  return { seconds: view.getUint16(at) * 0x1_0000_0000 + view.getUint32(at + 2), nanoseconds };
}

/** Walks the TLV headers: each has an even length (14.1) and ends within the message. */
function tlvsFit(view: DataView, from: number, length: number): boolean {
  let at = from;
  while (at < length) {
    if (at + 4 > length) return false;
    const octets = view.getUint16(at + 2);
    if (octets % 2 !== 0) return false;
    at += 4 + octets;
  }
  return at === length;
}
