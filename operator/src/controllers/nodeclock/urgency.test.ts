import type { NodeClockStatus } from "@meridian/crds";
import { expect, it } from "vitest";
import { urgencyOf } from "./urgency.js";

const condition = (status: "True" | "False" | "Unknown") => ({
  conditions: [{ type: "Synchronized", status, reason: "R", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }],
});
const good: NodeClockStatus = {
  state: "PhaseAligned",
  errorBoundNanoseconds: 1000,
  guaranteedErrorNanoseconds: 5000,
  ...condition("True"),
};
const { errorBoundNanoseconds: _calibrated, ...unbounded } = good;

it.each<[string, NodeClockStatus | undefined, NodeClockStatus, string]>([
  ["a first status", undefined, { state: "FreeRunning" }, "other"],
  ["no change", good, good, "other"],
  ["a larger bound", good, { ...good, errorBoundNanoseconds: 2000 }, "worse"],
  ["a larger guaranteed bound", good, { ...good, guaranteedErrorNanoseconds: 10_000 }, "worse"],
  ["a bound that became void", good, unbounded, "worse"],
  ["a smaller bound", good, { ...good, errorBoundNanoseconds: 500 }, "other"],
  ["out of the objective", good, { ...good, ...condition("False") }, "worse"],
  ["an agent that is gone", good, { ...good, ...condition("Unknown") }, "worse"],
  ["back in the objective", { ...good, ...condition("False") }, good, "other"],
  ["holdover", good, { ...good, state: "Holdover" }, "worse"],
])("%s", (_what, standing, next, urgency) => expect(urgencyOf(standing, next)).toBe(urgency));
