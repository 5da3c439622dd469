import { expect, test } from "vitest";
import { perfectRemote } from "../sim/world.js";
import { readLabels } from "./remote-state.js";
import type { TimeReceiverConfig } from "./receiver-data.js";

const config = (clockScale: "UTC" | "TAI") => ({ clockScale }) as TimeReceiverConfig;
const table = { entries: [[0, 37]] as const, validUntil: 2_000_000_000 };
const before = 1_900_000_000;
const after = 2_000_000_037;

test("while the table holds, it says what a label is made of, whatever its sender says", () => {
  const liar = { ...perfectRemote, taiMinusUtc: 38 };
  expect(readLabels(config("UTC"), liar, before, table)).toEqual({ offset: -37, remote: liar });
  expect(readLabels(config("TAI"), liar, before, table)).toEqual({ offset: 0, remote: liar });
});

test("once it has expired, the sender knows better, and nobody disputes it", () => {
  const { offset, remote } = readLabels(config("UTC"), { ...perfectRemote, taiMinusUtc: 38 }, after, table);
  expect(offset).toBe(-38);
  expect(remote.taiMinusUtc).toBeNull();
});

test("a sender that says nothing of UTC is read by the table, valid or not", () => {
  const silent = { ...perfectRemote, taiMinusUtc: null };
  expect(readLabels(config("UTC"), silent, after, table)).toEqual({ offset: -37, remote: silent });
});

test("labels in UTC need the table for a TAI clock only", () => {
  const utc = { ...perfectRemote, scale: "UTC" as const, taiMinusUtc: null };
  expect(readLabels(config("UTC"), utc, after, table).offset).toBe(0);
  expect(readLabels(config("TAI"), utc, after, table).offset).toBe(37);
});
