import { expect, test } from "vitest";
import { formatDuration, formatJson, formatName, formatRate, formatTime } from "./format.js";

test.each([
  [null, "-"],
  [0, "0 ns"],
  [0.123, "0.12 ns"],
  [1.234, "1.23 ns"],
  [12.34, "12.3 ns"],
  [99.97, "100 ns"],
  [999.4, "999 ns"],
  [999.96, "1.00 µs"],
  [1234, "1.23 µs"],
  [-1234, "-1.23 µs"],
  [1.5e6, "1.50 ms"],
  [2e9, "2.00 s"],
  [5e15, "5000000 s"],
])("%s ns reads %s", (nanoseconds, text) => expect(formatTime(nanoseconds)).toBe(text));

test("an offset shows its sign in either direction", () => {
  expect([formatTime(5, true), formatTime(-5, true)]).toEqual(["+5.00 ns", "-5.00 ns"]);
});

test.each([
  [null, "-"],
  [0, "+0"],
  [12.34, "+12.3"],
  [-45_000, "-45000"],
])("%s ppb reads %s", (rate, text) => expect(formatRate(rate)).toBe(text));

test.each([
  [null, "-"],
  [0, "0.0 s"],
  [0.125, "0.1 s"],
  [59.6, "60 s"],
  [720, "12 min"],
  [18_000, "5.0 h"],
  [864_000, "10.0 d"],
])("%s s reads %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

test.each([
  ["nothing", null, "-"],
  ["an empty name", "", "-"],
  ["a sequence that clears the screen", "a\u001b[2Jb", "a [2Jb"],
  ["the same in one character", "a\u009b2Jb", "a 2Jb"],
  ["a line feed and a tab", "a\n\tb", "a  b"],
  ["text that runs backwards", "a\u202eb", "a b"],
])("%s is shown as text on one line", (_what, text, shown) => expect(formatName(text)).toBe(shown));

test("a name without end has one here", () => {
  expect(formatName("x".repeat(1000)).length).toBeLessThan(70);
});

test("JSON shows no control character, and reads as the same value", () => {
  const value = { name: "a\u001b[2J\u009b\u007f\u202e\u2028b" };
  const text = formatJson(value);
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(text)).toEqual(value);
});
