/**
 * Octets → NtpHeader. We ask without extension fields, so none is expected in an answer; what follows the header must be well
 * formed (RFC 7822 3) and is otherwise ignored: an answer is believed for its cookie, not for a MAC that we hold no key for.
 */
import { headerOctets, type NtpHeader } from "./header.js";
import { type NtpTimestamp, nanosecondsOfShort } from "./timestamp.js";

export type NtpDropReason = "truncated" | "oversized" | "version" | "extension";

export type DecodedNtp =
  | { readonly kind: "header"; readonly header: NtpHeader }
  | { readonly kind: "dropped"; readonly reason: NtpDropReason };

/** Larger than any datagram that fits an Ethernet frame. */
const largestMessage = 1500;
/** What may follow the last extension field: nothing, a crypto-NAK, or key id and digest of 16 or 20 octets. */
const macOctets: readonly number[] = [0, 4, 20, 24];
const largestMac = 24;
const smallestExtension = 16;

const dropped = (reason: NtpDropReason): DecodedNtp => ({ kind: "dropped", reason });

/** @param octets one datagram; only read during the call. Versions 3 and 4 have this header, others are dropped. */
export function decodeNtp(octets: Uint8Array): DecodedNtp {
  if (octets.length < headerOctets) return dropped("truncated");
  if (octets.length > largestMessage) return dropped("oversized");
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const first = view.getUint8(0);
  const version = (first >> 3) & 7;
  if (version < 3 || version > 4) return dropped("version");
  if (!isTailWellFormed(view)) return dropped("extension");
  return {
    kind: "header",
    header: {
      leap: first >> 6,
      version,
      mode: first & 7,
      stratum: view.getUint8(1),
      poll: view.getInt8(2),
      precision: view.getInt8(3),
      rootDelay: nanosecondsOfShort(view.getUint32(4)),
      rootDispersion: nanosecondsOfShort(view.getUint32(8)),
      referenceId: view.getUint32(12),
      reference: readTimestamp(view, 16),
      origin: readTimestamp(view, 24),
      receive: readTimestamp(view, 32),
      transmit: readTimestamp(view, 40),
    },
  };
}

function readTimestamp(view: DataView, at: number): NtpTimestamp {
  return { high: view.getUint32(at), low: view.getUint32(at + 4) };
}

/** Extension fields of a multiple of 4 octets, each within the datagram, then at most one MAC. */
function isTailWellFormed(view: DataView): boolean {
  let at = headerOctets;
  while (view.byteLength - at > largestMac) {
    const length = view.getUint16(at + 2);
    if (length % 4 !== 0 || length < smallestExtension || at + length > view.byteLength) return false;
    at += length;
  }
  return macOctets.includes(view.byteLength - at);
}
