/**
 * Reads the ring of a native port or association: records in, HostEvents out. The octets of a packet are those of the ring, so
 * the engine must not keep `bytes`.
 */
import type { HostEvent, PortId, Stamp } from "@meridian/engine";
import { recordKind, ringLayout, slotLayout } from "@meridian/native/layout";

/** The socket reported an error: its errno as a number. */
export interface RingError {
  readonly kind: "error";
  readonly errno: number;
}

/** A message that a slot does not hold whole. */
export interface RingOversized {
  readonly kind: "oversized";
}

export type RingRecord = HostEvent | RingError | RingOversized;

/** Whose ring it is: a PTP port's, or an NTP association's. */
export type RingOwner = "port" | "association";

/** Of messageLength in the header, IEEE 1588-2019 13.3.2.4. */
const messageLengthAt = 2;

export class RingReader {
  readonly #port: PortId;
  readonly #owner: RingOwner;
  readonly #header: Uint32Array;
  readonly #view: DataView;
  readonly #octets: Uint8Array;

  constructor(port: PortId, ring: ArrayBuffer, owner: RingOwner = "port") {
    this.#port = port;
    this.#owner = owner;
    this.#header = new Uint32Array(ring, 0, ringLayout.headerBytes / 4);
    this.#view = new DataView(ring);
    this.#octets = new Uint8Array(ring);
  }

  /** Records lost because we were too slow, since it was opened. */
  get dropped(): number {
    return this.#header[ringLayout.dropped] ?? 0;
  }

  /** Hands every waiting record to `take`, at most one ring full. @param at raw time of the node's clock, s */
  drain(at: number, take: (record: RingRecord) => void): void {
    const head = Atomics.load(this.#header, ringLayout.head);
    let tail = Atomics.load(this.#header, ringLayout.tail);
    for (let count = 0; tail !== head && count < ringLayout.slots; count += 1) {
      const record = this.#read(ringLayout.headerBytes + (tail % ringLayout.slots) * ringLayout.slotBytes, at);
      try {
        if (record) take(record);
      } finally {
        // Also when a consumer's bug throws: the same record must not come again.
        tail = (tail + 1) >>> 0;
        Atomics.store(this.#header, ringLayout.tail, tail);
      }
    }
  }

  #read(slot: number, at: number): RingRecord | null {
    const view = this.#view;
    const port = this.#port;
    const key = view.getUint32(slot + slotLayout.key, true);
    switch (view.getUint32(slot + slotLayout.kind, true)) {
      case recordKind.received: {
        const length = view.getUint32(slot + slotLayout.length, true);
        const start = slot + slotLayout.payload;
        const bytes = this.#octets.subarray(start, start + Math.min(length, slotLayout.payloadBytes));
        if (this.#owner === "association") return this.#datagram(length, bytes, slot, at);
        // Cut padding is no loss (13.3.2.4); a cut message is.
        if (length > slotLayout.payloadBytes && view.getUint16(start + messageLengthAt) > slotLayout.payloadBytes)
          return { kind: "oversized" };
        return {
          kind: "PacketReceived",
          port,
          socket: view.getUint32(slot + slotLayout.socket, true) === 0 ? "event" : "general",
          bytes,
          stamp: this.#stamp(slot),
          source: dotted(view.getUint32(slot + slotLayout.sourceAddress)),
          at,
        };
      }
      case recordKind.transmitStamp: {
        const stamp = this.#stamp(slot);
        return stamp ? { kind: "TransmitStamped", port, key, stamp } : { kind: "TransmitMissing", port, key };
      }
      case recordKind.error:
        return { kind: "error", errno: key };
      default:
        return null;
    }
  }

  /** All of an NTP message counts, extension fields and MAC as well (RFC 5905 7.3): one that was cut is none. */
  #datagram(length: number, bytes: Uint8Array, slot: number, at: number): RingRecord {
    if (length > slotLayout.payloadBytes) return { kind: "oversized" };
    return { kind: "DatagramReceived", association: this.#port, bytes, stamp: this.#stamp(slot), at };
  }

  #stamp(slot: number): Stamp | null {
    const view = this.#view;
    const seconds = view.getFloat64(slot + slotLayout.seconds, true);
    if (seconds === 0) return null;
    return {
      seconds,
      nanoseconds: view.getUint32(slot + slotLayout.nanoseconds, true),
      raw: view.getFloat64(slot + slotLayout.raw, true),
      steering: view.getFloat64(slot + slotLayout.steering, true),
    };
  }
}

/** IPv4 in network order → dotted. */
function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}
