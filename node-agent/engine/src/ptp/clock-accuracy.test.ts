import { expect, test } from "vitest";
import { accuracyCode, accuracyEdge, unknownAccuracy } from "./clock-accuracy.js";

test.each([
  [0x17, 1e-3],
  [0x1d, 1],
  [0x20, 25],
  [0x21, 100],
  [0x23, 1e3],
  [0x27, 1e5],
  [0x29, 1e6],
  [0x2f, 1e9],
  [0x30, 1e10],
])("code %i means at most %d ns (IEEE 1588-2019 table 5)", (code, edge) => {
  expect(accuracyEdge(code)).toBe(edge);
});

test.each([0, 0x16, 0x31, 0x32, 0x7f, 0x80, unknownAccuracy, 0xff])("code %i states no limit", (code) => {
  expect(accuracyEdge(code)).toBeNull();
});

test.each([
  [0, 0x17],
  [25, 0x20],
  [25.001, 0x21],
  [100, 0x21],
  [250, 0x22],
  [251, 0x23],
  [1e10, 0x30],
  [1.1e10, 0x31],
  [Number.POSITIVE_INFINITY, 0x31],
  [Number.NaN, 0x31],
])("an error of %d ns is announced as code %i", (error, code) => {
  expect(accuracyCode(error)).toBe(code);
});

test("never announces less than the error, and no coarser code than the error needs", () => {
  for (let error = 1e-3; error <= 1e10; error *= 1.07) {
    const code = accuracyCode(error);
    expect(accuracyEdge(code)).toBeGreaterThanOrEqual(error);
    expect(accuracyEdge(code - 1) ?? 0).toBeLessThan(error);
  }
});
