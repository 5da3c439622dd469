/** NTP headers for tests (RFC 5905 7.3). */

export interface RequestFields {
  readonly version?: number;
  readonly mode?: number;
  readonly poll?: number;
  readonly origin?: bigint;
  readonly receive?: bigint;
  readonly transmit?: bigint;
  /** Octets, 48 and more: what follows the header is filled. */
  readonly length?: number;
}

export function createRequest(fields: RequestFields = {}): Buffer {
  const { version = 4, mode = 3, poll = 6, origin = 0n, receive = 0n, transmit = 0x1234_5678_9abc_def1n, length = 48 } = fields;
  const octets = Buffer.alloc(length, 0x5a);
  octets.fill(0, 0, 48);
  octets[0] = (version << 3) | mode;
  octets[2] = poll;
  octets.writeBigUInt64BE(origin, 24);
  octets.writeBigUInt64BE(receive, 32);
  octets.writeBigUInt64BE(transmit, 40);
  return octets;
}

export interface Answer {
  readonly leap: number;
  readonly version: number;
  readonly mode: number;
  readonly stratum: number;
  readonly poll: number;
  readonly precision: number;
  readonly rootDelay: number;
  /** Seconds. */
  readonly rootDispersion: number;
  readonly referenceId: string;
  readonly reference: bigint;
  readonly origin: bigint;
  readonly receive: bigint;
  readonly transmit: bigint;
}

/** @throws unless it has 48 octets */
export function readAnswer(octets: Uint8Array): Answer {
  if (octets.length !== 48) throw new Error(`an answer of ${octets.length} octets`);
  const buffer = Buffer.from(octets);
  return {
    leap: buffer.readUInt8(0) >> 6,
    version: (buffer.readUInt8(0) >> 3) & 7,
    mode: buffer.readUInt8(0) & 7,
    stratum: buffer.readUInt8(1),
    poll: buffer.readInt8(2),
    precision: buffer.readInt8(3),
    rootDelay: buffer.readUInt32BE(4) / 65_536,
    rootDispersion: buffer.readUInt32BE(8) / 65_536,
    referenceId: buffer.toString("latin1", 12, 16),
    reference: buffer.readBigUInt64BE(16),
    origin: buffer.readBigUInt64BE(24),
    receive: buffer.readBigUInt64BE(32),
    transmit: buffer.readBigUInt64BE(40),
  };
}

/** Leap 1, stratum 2, precision −23, root delay 1/64 s, root dispersion 1/128 s, reference id GPS. */
export function createTemplate(): Uint8Array {
  const octets = Buffer.alloc(48);
  octets[0] = (1 << 6) | (4 << 3) | 4;
  octets[1] = 2;
  octets[2] = 10;
  octets.writeInt8(-23, 3);
  octets.writeUInt32BE(65_536 / 64, 4);
  octets.writeUInt32BE(65_536 / 128, 8);
  octets.write("GPS\0", 12, "latin1");
  octets.writeBigUInt64BE(0x0102_0304_0506_0708n, 16);
  return octets;
}

/** ns since 1970 as 32.32 seconds since 1900. */
export function toNtp(ns: bigint): bigint {
  const seconds = ns / 1_000_000_000n + 2_208_988_800n;
  return ((seconds & 0xffff_ffffn) << 32n) | (((ns % 1_000_000_000n) << 32n) / 1_000_000_000n);
}
