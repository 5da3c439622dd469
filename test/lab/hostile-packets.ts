/** PTP packets that no receiver may act on, each with the reason under which it is counted. */
import { domainNumber } from "./agent-pair.js";

interface HostilePacket {
  /** Hexadecimal. */
  readonly octets: string;
  /** Label of meridian_ptp_packets_dropped_total. */
  readonly reason: string;
}

/** A Sync of this domain from a clock that nobody knows, 44 octets; `changes`: offset → octets. IEEE 1588-2019 13.3. */
function makeSync(changes: Readonly<Record<number, readonly number[]>>, length = 44): string {
  const octets = Buffer.alloc(length);
  octets.writeUInt8(0x12, 1);
  octets.writeUInt16BE(44, 2);
  octets.writeUInt8(domainNumber, 4);
  octets.write("02deadfffebeef05", 20, "hex");
  octets.writeUInt16BE(1, 28);
  for (const [at, values] of Object.entries(changes)) octets.set(values, Number(at));
  return octets.toString("hex");
}

export const hostilePackets: readonly HostilePacket[] = [
  { octets: makeSync({}).slice(0, 2 * 33), reason: "truncated" },
  { octets: makeSync({ 1: [0x11] }), reason: "version" },
  { octets: makeSync({ 2: [0, 20] }), reason: "length" },
  { octets: makeSync({ 0: [0x0f] }), reason: "type" },
  { octets: makeSync({ 40: [0xff, 0xff, 0xff, 0xff] }), reason: "nanoseconds" },
  { octets: makeSync({ 8: [0x7f, 0xff, 0xff, 0xff] }), reason: "correction" },
  // A TLV that says it is longer than the message.
  { octets: makeSync({ 2: [0, 48], 44: [0, 3, 0x7f, 0xfe] }, 48), reason: "tlv" },
  { octets: makeSync({ 4: [domainNumber + 1] }), reason: "domain" },
  { octets: makeSync({ 0: [0x10] }), reason: "sdo-id" },
  // A datagram of several fragments: more than any frame holds.
  { octets: makeSync({ 2: [0x10, 0x00] }, 4096), reason: "oversized" },
];
