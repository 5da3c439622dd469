/** NtpHeader → octets, RFC 5905 figure 8. */
import { headerOctets, type NtpHeader } from "./header.js";
import { type NtpTimestamp, shortOfNanoseconds } from "./timestamp.js";

/** @returns a fresh array of 48 octets. Root delay and dispersion are rounded up. */
export function encodeNtp(header: NtpHeader): Uint8Array {
  const out = new Uint8Array(headerOctets);
  const view = new DataView(out.buffer);
  view.setUint8(0, (header.leap << 6) | (header.version << 3) | header.mode);
  view.setUint8(1, header.stratum);
  view.setInt8(2, header.poll);
  view.setInt8(3, header.precision);
  view.setUint32(4, shortOfNanoseconds(header.rootDelay));
  view.setUint32(8, shortOfNanoseconds(header.rootDispersion));
  view.setUint32(12, header.referenceId);
  writeTimestamp(view, 16, header.reference);
  writeTimestamp(view, 24, header.origin);
  writeTimestamp(view, 32, header.receive);
  writeTimestamp(view, 40, header.transmit);
  return out;
}

function writeTimestamp(view: DataView, at: number, { high, low }: NtpTimestamp): void {
  view.setUint32(at, high);
  view.setUint32(at + 4, low);
}
