import { expect, test } from "vitest";
import { AnnouncedAccuracy } from "./announced-accuracy.js";

const kept = (error: number | null, isHoldover = false) => ({ error, isHoldover });
/** Codes of table 5: within 100 ns, 1 µs, 2.5 µs, 10 µs. */
const [within100, within1000, within2500, within10000] = [0x21, 0x23, 0x24, 0x25];

test("is as wide as what is proven, and never better than what the owner vouches for", () => {
  expect(new AnnouncedAccuracy().at(0, kept(700), 50)).toEqual({ clockClass: 6, clockAccuracy: within1000 });
  expect(new AnnouncedAccuracy().at(0, kept(3), 90)).toEqual({ clockClass: 6, clockAccuracy: within100 });
});

test("becomes worse at once, and better when that has lasted a minute, to the worst of that minute", () => {
  const accuracy = new AnnouncedAccuracy();
  const codeAt = (raw: number, error: number) => accuracy.at(raw, kept(error), 0).clockAccuracy;
  expect(codeAt(0, 90)).toBe(within100);
  expect(codeAt(1, 9000)).toBe(within10000);
  expect(codeAt(2, 90)).toBe(within10000);
  expect(codeAt(30, 2000)).toBe(within10000);
  expect(codeAt(61, 90)).toBe(within10000);
  expect(codeAt(62, 90)).toBe(within2500);
  expect(codeAt(121, 90)).toBe(within2500);
  expect(codeAt(122.5, 90)).toBe(within2500);
  expect(codeAt(182.5, 90)).toBe(within100);
});

test("says in holdover that it is one, and nothing when nothing is proven", () => {
  const accuracy = new AnnouncedAccuracy();
  expect(accuracy.at(0, kept(2000, true), 0)).toEqual({ clockClass: 7, clockAccuracy: within2500 });
  expect(accuracy.at(1, kept(null), 0)).toEqual({ clockClass: 248, clockAccuracy: 0xfe });
  expect(accuracy.at(2, kept(90), 0)).toEqual({ clockClass: 6, clockAccuracy: within100 });
});
