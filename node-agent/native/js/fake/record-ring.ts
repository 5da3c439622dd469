/** The producer's side of a port's ring, as src/ring.rs and src/drain.rs write it. */
import { recordKind, ringLayout, slotLayout } from "../layout.js";
import type { ClockView } from "./fake-clock.js";

export interface RingRecord {
  readonly kind: keyof typeof recordKind;
  /** 0 event, 1 general. */
  readonly socket: 0 | 1;
  readonly key: number;
  readonly stamp: ClockView | null;
  /** ns between stamp and reading. */
  readonly latency: number;
  readonly interfaceIndex: number;
  /** IPv4 octets; empty: none. */
  readonly source: readonly number[];
  readonly sourcePort: number;
  readonly octets: Uint8Array;
}

const longestLatency = 0xffff_ffff;

export class RecordRing {
  readonly buffer = new ArrayBuffer(ringLayout.headerBytes + ringLayout.slots * ringLayout.slotBytes);
  readonly #header = new Uint32Array(this.buffer, 0, ringLayout.headerBytes / 4);
  readonly #view = new DataView(this.buffer);
  readonly #octets = new Uint8Array(this.buffer);

  get free(): number {
    const used = ((this.#header[ringLayout.head] ?? 0) - (this.#header[ringLayout.tail] ?? 0)) >>> 0;
    return Math.max(0, ringLayout.slots - used);
  }

  get dropped(): number {
    return this.#header[ringLayout.dropped] ?? 0;
  }

  countDropped(count: number): void {
    this.#header[ringLayout.dropped] = this.dropped + count;
  }

  /** Only while there is room. */
  put(record: RingRecord): void {
    const head = this.#header[ringLayout.head] ?? 0;
    const slot = ringLayout.headerBytes + (head % ringLayout.slots) * ringLayout.slotBytes;
    const word = (field: keyof typeof slotLayout, value: number): void => this.#view.setUint32(slot + slotLayout[field], value, true);
    const double = (field: keyof typeof slotLayout, value: number): void => this.#view.setFloat64(slot + slotLayout[field], value, true);
    word("kind", recordKind[record.kind]);
    word("socket", record.socket);
    word("length", record.octets.length);
    word("key", record.key);
    double("seconds", record.stamp?.seconds ?? 0);
    word("nanoseconds", record.stamp?.nanoseconds ?? 0);
    word("interfaceIndex", record.interfaceIndex);
    this.#octets.set(record.source.length === 4 ? record.source : [0, 0, 0, 0], slot + slotLayout.sourceAddress);
    word("sourcePort", record.sourcePort);
    word("latency", record.stamp ? Math.min(record.latency, longestLatency) : 0);
    double("raw", record.stamp?.raw ?? 0);
    double("steering", record.stamp?.steering ?? 0);
    this.#octets.set(record.octets.subarray(0, slotLayout.payloadBytes), slot + slotLayout.payload);
    this.#header[ringLayout.head] = (head + 1) >>> 0;
  }
}
