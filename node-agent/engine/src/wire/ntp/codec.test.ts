import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNtp } from "./decode.js";
import { encodeNtp } from "./encode.js";
import type { NtpHeader } from "./header.js";
import { formatReferenceId, referenceIdOfAddress, referenceIdOfText, textOfReferenceId } from "./reference-id.js";
import { nanosecondsOfShort } from "./timestamp.js";

const word = fc.nat({ max: 0xffff_ffff });
const octet = fc.nat({ max: 255 });
const timestamp = fc.record({ high: word, low: word });
const signed = fc.integer({ min: -128, max: 127 });
const header: fc.Arbitrary<NtpHeader> = fc.record({
  leap: fc.nat({ max: 3 }),
  version: fc.integer({ min: 3, max: 4 }),
  mode: fc.nat({ max: 7 }),
  stratum: octet,
  poll: signed,
  precision: signed,
  rootDelay: word.map(nanosecondsOfShort),
  rootDispersion: word.map(nanosecondsOfShort),
  referenceId: word,
  reference: timestamp,
  origin: timestamp,
  receive: timestamp,
  transmit: timestamp,
});

/** An answer written by hand from RFC 5905 figure 8: leap 1, version 4, server, stratum 2 behind 192.0.2.7. */
const handWritten = Uint8Array.from(
  Buffer.from(
    ["640206e8 00000080 00010000 c0000207", "e6b1c1a0 00000000 01234567 89abcdef", "e6b1c1b0 80000000 e6b1c1b0 c0000000"]
      .join("")
      .replaceAll(" ", ""),
    "hex",
  ),
);

describe("NTP codec (RFC 5905 7.3)", () => {
  it("decodes what it encoded", () => {
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeNtp(encodeNtp(value))).toEqual({ kind: "header", header: value });
      }),
    );
  });

  it("reads an answer written by hand from the standard's figure", () => {
    expect(decodeNtp(handWritten)).toEqual({
      kind: "header",
      header: {
        leap: 1,
        version: 4,
        mode: 4,
        stratum: 2,
        poll: 6,
        precision: -24,
        rootDelay: 1_953_125,
        rootDispersion: 1e9,
        referenceId: 0xc0000207,
        reference: { high: 0xe6b1c1a0, low: 0 },
        origin: { high: 0x01234567, low: 0x89abcdef },
        receive: { high: 0xe6b1c1b0, low: 0x80000000 },
        transmit: { high: 0xe6b1c1b0, low: 0xc0000000 },
      },
    });
    expect(decodeNtp(handWritten)).toEqual(decodeNtp(encodeNtp((decodeNtp(handWritten) as { header: NtpHeader }).header)));
  });

  it("never throws and never reads beyond what it was given, whatever arrives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), (octets) => {
        expect(["header", "dropped"]).toContain(decodeNtp(octets).kind);
      }),
    );
  });

  const extended = (...fields: readonly (readonly [type: number, length: number, octets: number])[]): Uint8Array => {
    const out = new Uint8Array(48 + fields.reduce((sum, [, , octets]) => sum + octets, 0));
    out.set(handWritten);
    let at = 48;
    for (const [type, length, octets] of fields) {
      const view = new DataView(out.buffer);
      view.setUint16(at, type);
      view.setUint16(at + 2, length);
      at += octets;
    }
    return out;
  };
  const changed = (edit: (octets: Uint8Array) => void): Uint8Array => {
    const copy = Uint8Array.from(handWritten);
    edit(copy);
    return copy;
  };

  it.each([
    ["a header that is cut", handWritten.slice(0, 47), "truncated"],
    ["nothing", new Uint8Array(0), "truncated"],
    ["more than a frame holds", new Uint8Array(1501), "oversized"],
    ["version 2", changed((o) => (o[0] = 0x14)), "version"],
    ["version 5", changed((o) => (o[0] = 0x2c)), "version"],
    ["an extension field that reaches beyond the datagram", extended([0x0104, 64, 36]), "extension"],
    ["an extension field of 30 octets", extended([0x0104, 30, 32]), "extension"],
    ["an extension field of length 0", extended([0x0104, 0, 36]), "extension"],
    ["a tail that is no MAC", extended([0, 0, 8]), "extension"],
    ["a tail that is no multiple of 4", extended([0, 0, 21]), "extension"],
  ])("drops %s", (_sentence, octets, reason) => {
    expect(decodeNtp(octets)).toEqual({ kind: "dropped", reason });
  });

  it.each([
    ["a crypto-NAK", extended([0, 0, 4])],
    ["a MAC of 16 octets", extended([0, 1, 20])],
    ["a MAC of 20 octets", extended([0, 1, 24])],
    ["an extension field without a MAC", extended([0x0104, 36, 36])],
    ["two, and a MAC", extended([0x0104, 36, 36], [0x0204, 16, 16], [0, 1, 20])],
  ])("uses the header and ignores %s after it", (_sentence, octets) => {
    expect(decodeNtp(octets)).toEqual(decodeNtp(handWritten));
  });

  it("does not look beyond the view that it was given", () => {
    const larger = new Uint8Array(200).fill(0xff);
    larger.set(handWritten, 70);
    expect(decodeNtp(larger.subarray(70, 118))).toEqual(decodeNtp(handWritten));
    expect(decodeNtp(larger.subarray(70, 117))).toEqual({ kind: "dropped", reason: "truncated" });
  });
});

describe("reference identifiers", () => {
  it.each([
    [1, referenceIdOfText("GPS"), "GPS"],
    [1, referenceIdOfText("LOCL"), "LOCL"],
    [0, referenceIdOfText("RATE"), "RATE"],
    [1, 0x7f7f0001, "0x7f7f0001"],
    [1, 0, "0x00000000"],
    [2, 0xc0000207, "192.0.2.7"],
    [3, 0, "0.0.0.0"],
  ])("at stratum %i reads %i as %s", (stratum, id, text) => {
    expect(formatReferenceId(stratum, id)).toBe(text);
  });

  it("has the address of every host, and of nothing else", () => {
    fc.assert(
      fc.property(word, (id) => {
        expect(referenceIdOfAddress(formatReferenceId(2, id))).toBe(id);
      }),
    );
    for (const text of ["", "1.2.3", "1.2.3.4.5", "1.2.3.256", "a.b.c.d", "::1", "1.2.3.-4"]) expect(referenceIdOfAddress(text)).toBeNull();
  });

  it("gives the letters back as they were", () => {
    expect(textOfReferenceId(referenceIdOfText("DENY"))).toBe("DENY");
    expect(textOfReferenceId(referenceIdOfText("PPS"))).toBe("PPS");
  });
});
