/** The consumer's side of a ring, for tests. */
import { ringLayout, slotLayout } from "../layout.js";

export interface TakenRecord {
  /** See `recordKind`. */
  readonly kind: number;
  readonly socket: number;
  readonly key: number;
  /** ns since the clock's epoch; 0: no stamp. */
  readonly ns: bigint;
  readonly raw: number;
  readonly steering: number;
  readonly latency: number;
  readonly source: string;
  readonly sourcePort: number;
  /** As sent; `octets` may be fewer. */
  readonly length: number;
  readonly octets: readonly number[];
}

/** Takes everything out of the ring, oldest first. */
export function takeRecords({ ring }: { readonly ring: ArrayBuffer }): TakenRecord[] {
  const header = new Uint32Array(ring, 0, ringLayout.headerBytes / 4);
  const view = new DataView(ring);
  const records: TakenRecord[] = [];
  for (let tail = header[ringLayout.tail] ?? 0; tail !== header[ringLayout.head]; tail = (tail + 1) >>> 0) {
    const slot = ringLayout.headerBytes + (tail % ringLayout.slots) * ringLayout.slotBytes;
    const word = (field: keyof typeof slotLayout): number => view.getUint32(slot + slotLayout[field], true);
    const double = (field: keyof typeof slotLayout): number => view.getFloat64(slot + slotLayout[field], true);
    const length = word("length");
    records.push({
      kind: word("kind"),
      socket: word("socket"),
      key: word("key"),
      ns: BigInt(double("seconds")) * 1_000_000_000n + BigInt(word("nanoseconds")),
      raw: double("raw"),
      steering: double("steering"),
      latency: word("latency"),
      source: [...new Uint8Array(ring, slot + slotLayout.sourceAddress, 4)].join("."),
      sourcePort: word("sourcePort"),
      length,
      octets: [...new Uint8Array(ring, slot + slotLayout.payload, Math.min(length, slotLayout.payloadBytes))],
    });
    header[ringLayout.tail] = (tail + 1) >>> 0;
  }
  return records;
}
