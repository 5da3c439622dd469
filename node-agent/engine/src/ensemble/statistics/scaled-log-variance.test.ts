import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeVariance, unknownVariance, withHysteresis } from "./scaled-log-variance.js";

test.each([
  // What ITU-T G.8275.1 has a PRTC announce is a PTP deviation of 34 ns, and an ePRTC's of 11 ns.
  [34e-9 ** 2, 0x4e5d, 24],
  [11e-9 ** 2, 0x4b32, 24],
  // 256 · log2(2^−40) + 0x8000.
  [2 ** -40, 0x8000 - 40 * 256, 0],
  [1, 0x8000, 0],
  [0, 0, 0],
  [1e40, unknownVariance, 0],
  [Number.NaN, unknownVariance, 0],
  [null, unknownVariance, 0],
])("a PTP variance of %d s² is announced as %d", (variance, code, tolerance) => {
  expect(Math.abs(encodeVariance(variance) - code)).toBeLessThanOrEqual(tolerance);
});

test("what is announced is within half a unit of 256 per octave, and within the hysteresis of the newest", () => {
  fc.assert(
    fc.property(fc.double({ min: -120, max: 100, noNaN: true }), fc.integer({ min: 0, max: 0xfffe }), (log2, announced) => {
      const code = encodeVariance(2 ** log2);
      expect(Math.abs((code - 0x8000) / 256 - log2)).toBeLessThanOrEqual(0.5 / 256 + 1e-9);
      const next = withHysteresis(announced, code);
      expect([announced, code]).toContain(next);
      expect(Math.abs(next - code)).toBeLessThanOrEqual(128);
    }),
  );
});

test("unknown is announced at once, and left at once", () => {
  expect(withHysteresis(0x4e5d, unknownVariance)).toBe(unknownVariance);
  expect(withHysteresis(unknownVariance, 0x4e5d)).toBe(0x4e5d);
});
