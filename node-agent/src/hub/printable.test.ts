import { expect, it } from "vitest";
import { printable } from "./printable.js";

it.each([
  ["plant", "plant"],
  [null, ""],
  ["a\u001b[31mb\nc\u009bd", "a [31mb c d"],
  ["x".repeat(128), "x".repeat(128)],
  ["x".repeat(1_000_000), `${"x".repeat(127)}…`],
])("%#", (text, expected) => expect(printable(text)).toBe(expected));
