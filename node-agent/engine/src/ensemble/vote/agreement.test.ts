import { expect, test } from "vitest";
import { findAgreement } from "./agreement.js";

const own = (source: string) => source;
const against = (liar: string) => (a: string, b: string) => a === liar || b === liar;

test("the one that disagrees with all others is left out", () => {
  expect(findAgreement(["a", "b", "c"], own, against("b"))).toEqual({ members: ["a", "c"], isMajority: true });
});

test("two that disagree have no majority", () => {
  expect(findAgreement(["a", "b"], own, against("b")).isMajority).toBe(false);
});

test("a tie is no majority", () => {
  const disagree = (a: string, b: string) => (a < "c" ? 0 : 1) !== (b < "c" ? 0 : 1);
  expect(findAgreement(["a", "b", "c", "d"], own, disagree).isMajority).toBe(false);
});

test("sources of one group do not outvote another group", () => {
  const group = (source: string) => (source.startsWith("a") ? "a" : source);
  const disagree = (x: string, y: string) => group(x) !== group(y);
  expect(findAgreement(["a1", "a2", "a3", "b"], group, disagree).isMajority).toBe(false);
});

test("many sources are searched greedily with the same answer", () => {
  const sources = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const found = findAgreement(sources, own, against("s7"));
  expect(found.isMajority).toBe(true);
  expect(found.members).not.toContain("s7");
  expect(found.members).toHaveLength(19);
});

test("of two sets of one size the one that is far less strained is the majority", () => {
  const disagree = (a: string, b: string) => [a, b].sort().join("") === "ac";
  const strained = (most: number) => (a: string, b: string) => ([a, b].includes("c") ? most : 1);
  expect(findAgreement(["a", "b", "c"], own, disagree, strained(3))).toEqual({ members: ["a", "b"], isMajority: true });
  expect(findAgreement(["a", "b", "c"], own, disagree, strained(1.5)).isMajority).toBe(false);
});

test("a second source of one group does not break a tie of groups", () => {
  const group = (source: string) => (source.startsWith("a") ? "a" : source);
  const disagree = (x: string, y: string) => group(x) !== group(y) && ![x, y].includes("h");
  expect(findAgreement(["a1", "a2", "h", "b"], group, disagree).isMajority).toBe(false);
  const strained = (x: string, y: string) => ([x, y].some((source) => source.startsWith("a")) ? 3 : 1);
  expect(findAgreement(["a1", "a2", "h", "b"], group, disagree, strained)).toEqual({ members: ["h", "b"], isMajority: true });
});
