/** Who sent a message: clockIdentity and portIdentity, IEEE 1588-2019 5.3.4, 5.3.5 and 7.5.2. */

/** EUI-64 as an unsigned 64-bit integer. */
export type ClockIdentity = bigint;

export interface PortIdentity {
  readonly clockIdentity: ClockIdentity;
  /** 1 … 0xFFFE; 0xFFFF addresses all ports. */
  readonly portNumber: number;
}

/** Orders by clockIdentity, then portNumber, as the data set comparison wants it (9.3.4). Negative: a is the lesser. */
export function comparePortIdentity(a: PortIdentity, b: PortIdentity): number {
  return compareClockIdentity(a.clockIdentity, b.clockIdentity) || a.portNumber - b.portNumber;
}

export function compareClockIdentity(a: ClockIdentity, b: ClockIdentity): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** EUI-64 from an EUI-48: FF FE in the middle (7.5.2.2.2). @param address 6 octets. */
export function clockIdentityOf(address: Uint8Array): ClockIdentity {
  const octets = [address[0], address[1], address[2], 0xff, 0xfe, address[3], address[4], address[5]];
  return octets.reduce<bigint>((identity, octet) => (identity << 8n) | BigInt(octet ?? 0), 0n);
}

/** As pmc prints it: 020000.fffe.000001. */
export function formatClockIdentity(identity: ClockIdentity): string {
  const hex = identity.toString(16).padStart(16, "0");
  return `${hex.slice(0, 6)}.${hex.slice(6, 10)}.${hex.slice(10)}`;
}

/** @returns null when `text` is not six, four and six hexadecimal digits. */
export function parseClockIdentity(text: string): ClockIdentity | null {
  const match = /^([0-9a-f]{6})\.([0-9a-f]{4})\.([0-9a-f]{6})$/i.exec(text);
  return match ? BigInt(`0x${match[1]}${match[2]}${match[3]}`) : null;
}
