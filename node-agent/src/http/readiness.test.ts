import { type ClockState, clockStates } from "@meridian/engine";
import { expect, test } from "vitest";
import { explainNotReady } from "./readiness.js";

const config = (receivers: number, transmitters: number) => ({
  receivers: Array.from({ length: receivers }),
  associations: [],
  comparisons: [],
  transmitters: Array.from({ length: transmitters }),
});
const readyStates = (receivers: number, transmitters: number): ClockState[] =>
  clockStates.filter((state) => explainNotReady(config(receivers, transmitters), state) === null);

test("without a configuration it is not ready, whatever the clock does", () => {
  expect(explainNotReady(null, "PhaseAligned")).toBe("no configuration yet");
});

test("with nothing to do it is ready in every state", () => {
  expect(readyStates(0, 0)).toEqual(clockStates);
});

test("with a source it is ready once that is measured, and stays so in holdover and conflict", () => {
  expect(readyStates(1, 0)).toEqual(["FrequencyLocked", "PhaseAligned", "Holdover", "Conflicted"]);
  expect(readyStates(1, 1)).toEqual(readyStates(1, 0));
  expect(explainNotReady(config(1, 0), "FreeRunning")).toBe("clock state FreeRunning");
});

test("with a reference of its own it is ready even while that runs free", () => {
  expect(readyStates(0, 1)).toEqual(clockStates.filter((state) => state !== "Unknown"));
});

test("an NTP server is a source like any other", () => {
  const ntp = { receivers: [], associations: [{}], comparisons: [], transmitters: [] };
  expect(explainNotReady(ntp, "Acquiring")).toBe("clock state Acquiring");
  expect(explainNotReady(ntp, "PhaseAligned")).toBeNull();
});
