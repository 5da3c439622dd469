import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeMessage } from "./decode.js";
import { encodeMessage } from "./encode.js";
import type { Header, PtpMessage } from "./message.js";

const instant = fc.record({ seconds: fc.integer({ min: 0, max: 2 ** 48 - 1 }), nanoseconds: fc.integer({ min: 0, max: 999_999_999 }) });
const octet = fc.integer({ min: 0, max: 255 });
const word16 = fc.integer({ min: 0, max: 0xffff });
const identity = fc.record({ clockIdentity: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), portNumber: word16 });
const header: fc.Arbitrary<Header> = fc.record({
  sdoId: fc.integer({ min: 0, max: 0xfff }),
  minorVersion: fc.integer({ min: 0, max: 15 }),
  domainNumber: octet,
  flags: word16,
  correction: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }).map((units) => units / 0x1_0000),
  source: identity,
  sequenceId: word16,
  logInterval: fc.integer({ min: -128, max: 127 }),
});
const body = fc.record({
  origin: instant,
  currentUtcOffset: fc.integer({ min: -32768, max: 32767 }),
  priority1: octet,
  quality: fc.record({ clockClass: octet, clockAccuracy: octet, offsetScaledLogVariance: word16 }),
  priority2: octet,
  grandmasterIdentity: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  stepsRemoved: word16,
  timeSource: octet,
});
const message: fc.Arbitrary<PtpMessage> = fc.oneof(
  ...(["Sync", "Delay_Req", "Pdelay_Req"] as const).map((type) => fc.record({ type: fc.constant(type), header, origin: instant })),
  fc.record({ type: fc.constant("Follow_Up" as const), header, preciseOrigin: instant }),
  fc.record({ type: fc.constant("Pdelay_Resp" as const), header, requestReceipt: instant, requester: identity }),
  fc.record({ type: fc.constant("Delay_Resp" as const), header, receive: instant, requester: identity }),
  fc.record({ type: fc.constant("Pdelay_Resp_Follow_Up" as const), header, responseOrigin: instant, requester: identity }),
  fc.record({ type: fc.constant("Announce" as const), header, body }),
  fc.record({ type: fc.constant("Signaling" as const), header, target: identity }),
  fc.record({
    type: fc.constant("Management" as const),
    header,
    target: identity,
    startingBoundaryHops: octet,
    boundaryHops: octet,
    action: fc.integer({ min: 0, max: 4 }),
  }),
);

/** A two-step Sync of PTP version 2.0, octet by octet from tables 35 and 44: domain 0, sequence 1. */
const handWrittenSync = Uint8Array.from(
  Buffer.from(
    "000200" +
      "2c" +
      "0000" +
      "0200" +
      "0000000000000000" +
      "00000000" +
      "0242acfffe110002" +
      "0001" +
      "0001" +
      "00" +
      "00" +
      "00000000000000000000",
    "hex",
  ),
);

describe("PTP codec (IEEE 1588-2019 clause 13)", () => {
  it("decodes what it encoded, for every message type", () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeMessage(encodeMessage(value))).toEqual({ kind: "message", message: value });
      }),
    );
  });

  it("reads a Sync written by hand from the standard's tables, of the older minor version", () => {
    const decoded = decodeMessage(handWrittenSync);
    expect(decoded).toMatchObject({
      kind: "message",
      message: { type: "Sync", header: { domainNumber: 0, sequenceId: 1, flags: 0x0200, logInterval: 0 } },
    });
  });

  it("never throws and never reads beyond what it was given, whatever arrives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), (octets) => {
        expect(["message", "dropped"]).toContain(decodeMessage(octets).kind);
      }),
    );
  });

  it("survives any single octet of a good message being wrong", () => {
    fc.assert(
      fc.property(message, fc.nat(), octet, (value, position, wrong) => {
        const octets = encodeMessage(value);
        octets[position % octets.length] = wrong;
        expect(["message", "dropped"]).toContain(decodeMessage(octets).kind);
      }),
    );
  });

  const good = encodeMessage({
    type: "Sync",
    header: {
      sdoId: 0,
      minorVersion: 1,
      domainNumber: 3,
      flags: 0,
      correction: 0,
      source: { clockIdentity: 1n, portNumber: 1 },
      sequenceId: 7,
      logInterval: -4,
    },
    origin: { seconds: 1, nanoseconds: 2 },
  });
  const changed = (edit: (octets: Uint8Array) => Uint8Array | void): Uint8Array => {
    const copy = Uint8Array.from(good);
    return edit(copy) ?? copy;
  };
  it.each([
    ["a message cut in its header", changed((o) => o.slice(0, 20)), "truncated"],
    ["a message cut in its body", changed((o) => o.slice(0, 40)), "truncated"],
    ["another major version", changed((o) => void (o[1] = 0x13)), "version"],
    ["a reserved message type", changed((o) => void (o[0] = 0x05)), "type"],
    ["a messageLength below the type's own", changed((o) => void (o[3] = 40)), "length"],
    ["nanoseconds of a second and more", changed((o) => o.set([0x3b, 0x9a, 0xca, 0x00], 40)), "nanoseconds"],
    [
      "a correctionField that says it is too large to be stated",
      changed((o) => o.set([0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 8)),
      "correction",
    ],
    ["a datagram larger than a frame", new Uint8Array(1501), "oversized"],
    [
      "a TLV that reaches beyond the message",
      changed((o) => {
        const longer = new Uint8Array(50);
        longer.set(o);
        longer[3] = 50;
        longer.set([0, 3, 0, 8], 44);
        return longer;
      }),
      "tlv",
    ],
  ])("drops %s", (_sentence, octets, reason) => {
    expect(decodeMessage(octets)).toEqual({ kind: "dropped", reason });
  });

  it("ignores padding after messageLength, as Ethernet adds it", () => {
    const padded = new Uint8Array(60);
    padded.set(good);
    expect(decodeMessage(padded).kind).toBe("message");
  });

  it("refuses to encode a time stamp that has no place on the wire", () => {
    const header = {
      sdoId: 0,
      minorVersion: 1,
      domainNumber: 0,
      flags: 0,
      correction: 0,
      source: { clockIdentity: 1n, portNumber: 1 },
      sequenceId: 0,
      logInterval: 0,
    };
    expect(() => encodeMessage({ type: "Sync", header, origin: { seconds: -1, nanoseconds: 0 } })).toThrow(RangeError);
  });
});
