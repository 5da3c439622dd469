import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instantOf, nanosecondsOfShort, shortOfNanoseconds, timestampOf } from "./timestamp.js";

const posix = (date: string): number => Date.parse(date) / 1000;

describe("NTP timestamps", () => {
  it("lose nothing of a nanosecond from 2024 until 2160", () => {
    const instant = fc.record({
      seconds: fc.integer({ min: posix("2024-01-01T00:00:00Z"), max: posix("2160-02-07T06:28:15Z") }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    });
    fc.assert(
      fc.property(instant, (value) => {
        expect(instantOf(timestampOf(value))).toEqual(value);
      }),
    );
  });

  it.each([
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
    ["2036-02-07T06:28:15Z", "2036-02-07T06:28:15Z"],
    ["2036-02-07T06:28:16Z", "2036-02-07T06:28:16Z"],
    ["2159-01-01T00:00:00Z", "2159-01-01T00:00:00Z"],
    // Before this software was written: the server means the next era, or it is 136 years wrong, which its intervals will tell.
    ["1970-01-01T00:00:00Z", "2106-02-07T06:28:16Z"],
    ["2023-12-31T23:59:59Z", "2160-02-07T06:28:15Z"],
  ])("a label made at %s is read as %s, whatever the local clock says", (made, read) => {
    const { high, low } = timestampOf({ seconds: posix(made), nanoseconds: 0 });
    expect(instantOf({ high, low })).toEqual({ seconds: posix(read), nanoseconds: 0 });
  });

  it("carries a fraction that rounds to a whole second", () => {
    const { high } = timestampOf({ seconds: posix("2030-01-01T00:00:00Z"), nanoseconds: 0 });
    expect(instantOf({ high, low: 0xffff_ffff })).toEqual({ seconds: posix("2030-01-01T00:00:01Z"), nanoseconds: 0 });
  });

  it("whatever the 64 bits are, the instant has 0 … 999,999,999 ns", () => {
    const word = fc.nat({ max: 0xffff_ffff });
    fc.assert(
      fc.property(word, word, (high, low) => {
        const { seconds, nanoseconds } = instantOf({ high, low });
        expect(Number.isSafeInteger(seconds) && nanoseconds >= 0 && nanoseconds < 1e9).toBe(true);
      }),
    );
  });
});

describe("the short format", () => {
  it("is rounded up, never down, and by less than one unit", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 6e13, noNaN: true }), (nanoseconds) => {
        const told = nanosecondsOfShort(shortOfNanoseconds(nanoseconds));
        expect(told).toBeGreaterThanOrEqual(nanoseconds);
        expect(told - nanoseconds).toBeLessThan(15_258.79);
      }),
    );
  });

  it("says the most it can of what is larger", () => {
    expect(shortOfNanoseconds(1e15)).toBe(0xffff_ffff);
    expect(shortOfNanoseconds(Number.POSITIVE_INFINITY)).toBe(0xffff_ffff);
  });
});
