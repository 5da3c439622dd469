import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Ballot, findMajority, isOutvoted } from "./majority.js";

const ballot = (low: number, high: number, group: string): Ballot => ({ low, high, group });

test("three that overlap, one that does not: the one is outvoted", () => {
  const liar = ballot(100, 110, "d");
  const segments = findMajority([ballot(0, 10, "a"), ballot(5, 15, "b"), ballot(8, 20, "c"), liar]);
  expect(segments).toEqual([{ low: 8, high: 10 }]);
  expect(isOutvoted(liar, segments)).toBe(true);
  expect(isOutvoted(ballot(9, 9, "a"), segments)).toBe(false);
});

test("an interval that is open is a voice like any other", () => {
  const open = (group: string) => ballot(Number.NEGATIVE_INFINITY, 10, group);
  expect(findMajority([open("a"), open("b"), ballot(20, 30, "c")])).toEqual([{ low: Number.NEGATIVE_INFINITY, high: 10 }]);
  expect(findMajority([open("a"), ballot(5, 15, "b"), ballot(0, Number.POSITIVE_INFINITY, "c")])).toEqual([{ low: 0, high: 15 }]);
});

test("a group counts once, however many it is", () => {
  expect(findMajority([ballot(0, 10, "a"), ballot(0, 10, "a"), ballot(0, 10, "a"), ballot(50, 60, "b"), ballot(52, 70, "c")])).toEqual([
    { low: 52, high: 60 },
  ]);
});

test("two that disagree have no majority, and nobody is outvoted", () => {
  const pair = [ballot(0, 10, "a"), ballot(20, 30, "b")];
  expect(findMajority(pair)).toEqual([]);
  expect(pair.some((one) => isOutvoted(one, []))).toBe(false);
});

test("two majorities stay two segments", () => {
  const segments = findMajority([ballot(0, 10, "a"), ballot(8, 22, "b"), ballot(20, 30, "c")]);
  expect(segments).toEqual([
    { low: 8, high: 10 },
    { low: 20, high: 22 },
  ]);
});

test("the truth is covered whenever more than half of the groups tell it", () => {
  const interval = fc.tuple(fc.integer({ min: -100, max: 0 }), fc.integer({ min: 0, max: 100 }));
  const lie = fc.tuple(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 100 }));
  fc.assert(
    fc.property(fc.array(interval, { minLength: 1, maxLength: 6 }), fc.array(lie, { maxLength: 5 }), (honest, lies) => {
      fc.pre(lies.length < honest.length);
      const ballots = [
        ...honest.map(([low, high], i) => ballot(low, high, `h${i}`)),
        ...lies.map(([low, width], i) => ballot(low, low + width, `l${i}`)),
      ];
      expect(findMajority(ballots).some((segment) => segment.low <= 0 && segment.high >= 0)).toBe(true);
    }),
  );
});
