/**
 * TAI − UTC as published by the IERS (Bulletin C). Since 1972 whole seconds; the table says from which UTC second on which
 * offset holds. It is data with an end: after `validUntil` nobody has promised that no leap second came.
 */

export interface LeapTable {
  /** [POSIX second from which it holds, TAI − UTC in s], ascending. */
  readonly entries: readonly (readonly [number, number])[];
  /** POSIX second until which the table is known to be complete. */
  readonly validUntil: number;
}

const at = (date: string) => Date.parse(`${date}T00:00:00Z`) / 1000;

/** All leap seconds so far; complete until 2026-12-28, the end of the list that IERS Bulletin C 71 (January 2026) covers. */
export const leapTable: LeapTable = {
  entries: (
    [
      ["1972-01-01", 10],
      ["1972-07-01", 11],
      ["1973-01-01", 12],
      ["1974-01-01", 13],
      ["1975-01-01", 14],
      ["1976-01-01", 15],
      ["1977-01-01", 16],
      ["1978-01-01", 17],
      ["1979-01-01", 18],
      ["1980-01-01", 19],
      ["1981-07-01", 20],
      ["1982-07-01", 21],
      ["1983-07-01", 22],
      ["1985-07-01", 23],
      ["1988-01-01", 24],
      ["1990-01-01", 25],
      ["1991-01-01", 26],
      ["1992-07-01", 27],
      ["1993-07-01", 28],
      ["1994-07-01", 29],
      ["1996-01-01", 30],
      ["1997-07-01", 31],
      ["1999-01-01", 32],
      ["2006-01-01", 33],
      ["2009-01-01", 34],
      ["2012-07-01", 35],
      ["2015-07-01", 36],
      ["2017-01-01", 37],
    ] as const
  ).map(([date, offset]) => [at(date), offset] as const),
  validUntil: at("2026-12-28"),
};

/** The newest offset of the table: what holds now and until the next leap second is announced. */
export function currentTaiMinusUtc(table: LeapTable = leapTable): number {
  return table.entries.at(-1)?.[1] ?? 10;
}

/** Whether the table may be relied on at a UTC second; soon: its end is near enough that a new release should be on its way. */
export type LeapTableState = "Valid" | "ExpiresSoon" | "Expired";

/** IERS Bulletin C comes half a year ahead: a table that ends within that time has a successor already. s */
const soon = 30 * 86_400;

/** @param utcSeconds POSIX seconds of now */
export function judgeLeapTable(utcSeconds: number, table: LeapTable = leapTable): LeapTableState {
  if (utcSeconds >= table.validUntil) return "Expired";
  return utcSeconds >= table.validUntil - soon ? "ExpiresSoon" : "Valid";
}
