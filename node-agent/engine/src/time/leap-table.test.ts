import { expect, test } from "vitest";
import { currentTaiMinusUtc, judgeLeapTable, leapTable } from "./leap-table.js";

const dateOf = (posix: number): string => new Date(posix * 1000).toISOString();

test("TAI − UTC is 37 s since 2017, as IERS Bulletin C says", () => {
  expect(currentTaiMinusUtc()).toBe(37);
  expect(leapTable.entries.at(-1)).toEqual([1_483_228_800, 37]);
});

test("every entry is one second more, at midnight of the first of January or July", () => {
  expect(leapTable.entries[0]).toEqual([63_072_000, 10]);
  for (const [i, [from, offset]] of leapTable.entries.entries()) {
    expect(offset).toBe(10 + i);
    expect(dateOf(from)).toMatch(/^\d{4}-(01|07)-01T00:00:00\.000Z$/);
    if (i > 0) expect(from).toBeGreaterThan(leapTable.entries[i - 1]?.[0] ?? 0);
  }
});

test("says until when it is complete: after its last entry, at the 28th of June or December", () => {
  expect(leapTable.validUntil).toBeGreaterThan(leapTable.entries.at(-1)?.[0] ?? 0);
  expect(dateOf(leapTable.validUntil)).toMatch(/-(06|12)-28T00:00:00\.000Z$/);
});

test("another table is read by its newest entry; before 1972 there is none but 10 s", () => {
  const entries = [
    [0, 37],
    [100, 38],
  ] as const;
  expect(currentTaiMinusUtc({ entries, validUntil: 200 })).toBe(38);
  expect(currentTaiMinusUtc({ entries: [], validUntil: 0 })).toBe(10);
});

test("its end is told thirty days ahead, and then for good", () => {
  const table = { entries: [], validUntil: 1_000_000_000 };
  const day = 86_400;
  expect(judgeLeapTable(1_000_000_000 - 31 * day, table)).toBe("Valid");
  expect(judgeLeapTable(1_000_000_000 - 29 * day, table)).toBe("ExpiresSoon");
  expect(judgeLeapTable(1_000_000_000, table)).toBe("Expired");
});
