import { recordKind, ringLayout, slotLayout } from "@meridian/native/layout";
import { beforeEach, expect, test } from "vitest";
import { type RingRecord, RingReader } from "./ring-reader.js";

/** The producer's side, as the native module writes it. */
class Producer {
  readonly ring = new ArrayBuffer(ringLayout.headerBytes + ringLayout.slots * ringLayout.slotBytes);
  readonly #header = new Uint32Array(this.ring, 0, ringLayout.headerBytes / 4);
  readonly #view = new DataView(this.ring);

  set indexes(value: number) {
    this.#header[ringLayout.head] = value;
    this.#header[ringLayout.tail] = value;
  }

  get waiting(): number {
    return ((this.#header[ringLayout.head] ?? 0) - (this.#header[ringLayout.tail] ?? 0)) >>> 0;
  }

  put(
    fields: Partial<Record<"kind" | "socket" | "length" | "key" | "seconds" | "nanoseconds" | "raw" | "steering", number>>,
    octets: number[] = [],
  ): void {
    const head = this.#header[ringLayout.head] ?? 0;
    const slot = ringLayout.headerBytes + (head % ringLayout.slots) * ringLayout.slotBytes;
    const all = {
      kind: recordKind.received,
      socket: 0,
      length: octets.length,
      key: 0,
      seconds: 0,
      nanoseconds: 0,
      raw: 0,
      steering: 0,
      ...fields,
    };
    for (const [field, value] of Object.entries(all)) {
      const at = slot + slotLayout[field as keyof typeof all];
      if (["seconds", "raw", "steering"].includes(field)) this.#view.setFloat64(at, value, true);
      else this.#view.setUint32(at, value, true);
    }
    new Uint8Array(this.ring).set([10, 0, 0, 7], slot + slotLayout.sourceAddress);
    new Uint8Array(this.ring).set(octets, slot + slotLayout.payload);
    this.#header[ringLayout.head] = (head + 1) >>> 0;
  }
}

let producer: Producer;
let reader: RingReader;
beforeEach(() => {
  producer = new Producer();
  reader = new RingReader("eth0", producer.ring);
});
const drain = (): RingRecord[] => {
  const records: RingRecord[] = [];
  // The octets are only valid during the call.
  reader.drain(55, (record) => records.push(record.kind === "PacketReceived" ? { ...record, bytes: record.bytes.slice() } : record));
  return records;
};

test("a packet with its stamp becomes an event with the sender's address", () => {
  producer.put({ seconds: 1_700_000_000, nanoseconds: 999_999_999, raw: 1012.5, steering: -3.5 }, [1, 2, 3]);
  expect(drain()).toEqual([
    {
      kind: "PacketReceived",
      port: "eth0",
      socket: "event",
      bytes: new Uint8Array([1, 2, 3]),
      stamp: { seconds: 1_700_000_000, nanoseconds: 999_999_999, raw: 1012.5, steering: -3.5 },
      source: "10.0.0.7",
      at: 55,
    },
  ]);
});

test("a packet that the kernel did not stamp has no stamp", () => {
  producer.put({ socket: 1 }, [1]);
  expect(drain()).toMatchObject([{ socket: "general", stamp: null }]);
});

test("a transmit stamp carries its key, and one without a time is missing", () => {
  producer.put({ kind: recordKind.transmitStamp, key: 0x1_0007, seconds: 5, nanoseconds: 6, raw: 7, steering: 8 });
  producer.put({ kind: recordKind.transmitStamp, key: 0x1_0008 });
  expect(drain()).toEqual([
    { kind: "TransmitStamped", port: "eth0", key: 0x1_0007, stamp: { seconds: 5, nanoseconds: 6, raw: 7, steering: 8 } },
    { kind: "TransmitMissing", port: "eth0", key: 0x1_0008 },
  ]);
});

test("a socket error carries its errno, and a record of a newer module is passed over", () => {
  producer.put({ kind: recordKind.error, key: 19 });
  producer.put({ kind: 99 });
  expect(drain()).toEqual([{ kind: "error", errno: 19 }]);
  expect(producer.waiting).toBe(0);
});

test("a message that was cut is oversized, cut padding is not", () => {
  producer.put({ length: 4096 }, [0, 0x12, 0x10, 0x00]);
  producer.put({ length: 4096 }, [0, 0x12, 0, 44]);
  expect(drain().map(({ kind }) => kind)).toEqual(["oversized", "PacketReceived"]);
});

test("reads across the end of the ring and across 2^32", () => {
  producer.indexes = 0xffff_fffe;
  for (let index = 0; index < 5; index += 1) producer.put({}, [index]);
  expect(drain().map((record) => record.kind === "PacketReceived" && record.bytes[0])).toEqual([0, 1, 2, 3, 4]);
  expect(producer.waiting).toBe(0);
});

test("a consumer that throws loses that record and no other", () => {
  producer.put({}, [1]);
  producer.put({}, [2]);
  expect(() =>
    reader.drain(0, () => {
      throw new Error("broken");
    }),
  ).toThrow("broken");
  expect(drain()).toHaveLength(1);
});
