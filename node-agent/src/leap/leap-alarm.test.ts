import { leapTable } from "@meridian/engine";
import { expect, test } from "vitest";
import { LeapAlarm, leapTableEnd } from "./leap-alarm.js";

const day = 86_400_000;
const end = leapTable.validUntil * 1e3;

test("is told once when the end comes near, once when it has come, and not while there is time", () => {
  let now = end - 100 * day;
  const alarm = new LeapAlarm(() => now);
  const look = () => alarm.watch({ state: "PhaseAligned" });
  expect(look()).toBeNull();
  now = end - 10 * day;
  expect([look(), look()]).toEqual(["ExpiresSoon", null]);
  now = end;
  expect([look(), look()]).toEqual(["Expired", null]);
});

test("a clock that does not know the day raises nothing", () => {
  const alarm = new LeapAlarm(() => end + day);
  expect(alarm.watch({ state: "Acquiring" })).toBeNull();
  expect(alarm.state).toBeNull();
  expect(alarm.watch({ state: "Holdover" })).toBe("Expired");
});

test("says the day", () => {
  expect(leapTableEnd()).toMatch(/^\d{4}-(06|12)-28$/);
});
