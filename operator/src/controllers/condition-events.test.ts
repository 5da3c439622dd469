import { describe, expect, it } from "vitest";
import { conditionEvents } from "./condition-events.js";

const condition = (type: string, status: "True" | "False" | "Unknown", reason: string) => ({
  type,
  status,
  reason,
  message: `${type}: ${reason}`,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});
const good = condition("Ready", "True", "Ready");
const bad = condition("Ready", "False", "NotSynchronized");

describe("events from conditions", () => {
  it.each([
    [
      "a flip to the worse is a warning",
      [good],
      [bad],
      [{ type: "Warning", reason: "NotSynchronized", action: "Ready", note: "Ready: NotSynchronized" }],
    ],
    ["a flip to the better is normal", [bad], [good], [{ type: "Normal", reason: "Ready", action: "Ready", note: "Ready: Ready" }]],
    ["another reason for the same status is no news", [bad], [condition("Ready", "False", "WaitingForAgents")], []],
    ["becoming unknown is no news", [good], [condition("Ready", "Unknown", "NotMeasured")], []],
    ["coming back from unknown is", [condition("Ready", "Unknown", "NotMeasured")], [good], [expect.objectContaining({ type: "Normal" })]],
    [
      "a first status tells only that it is refused",
      undefined,
      [bad, condition("Accepted", "False", "NoMember"), condition("Synchronized", "False", "NoSource")],
      [expect.objectContaining({ reason: "NoMember" })],
    ],
    ["progress is said by Ready already", [good], [good, condition("Reconciling", "True", "WaitingForAgents")], []],
    [
      "a summary that repeats a part is said by the part",
      [condition("Ready", "True", "Healthy"), condition("Reachable", "True", "Reachable")],
      [condition("Ready", "False", "NoAnswer"), condition("Reachable", "False", "NoAnswer")],
      [expect.objectContaining({ action: "Reachable", reason: "NoAnswer" })],
    ],
    [
      "of Conflicted the bad news is that it is True",
      [condition("Conflicted", "False", "None")],
      [condition("Conflicted", "True", "OtherDaemonSteers")],
      [expect.objectContaining({ type: "Warning", reason: "OtherDaemonSteers" })],
    ],
    [
      "a conflict is told once, however many conditions it flips",
      [
        condition("Synchronized", "True", "WithinObjective"),
        condition("ConfigApplied", "True", "Applied"),
        condition("Conflicted", "False", "None"),
      ],
      [
        condition("Synchronized", "False", "OtherDaemonSteers"),
        condition("ConfigApplied", "False", "OtherDaemonSteers"),
        condition("Conflicted", "True", "OtherDaemonSteers"),
      ],
      [expect.objectContaining({ action: "Conflicted" })],
    ],
    [
      "a conflict that ended is told",
      [condition("Conflicted", "True", "OtherDaemonSteers")],
      [condition("Conflicted", "False", "None")],
      [expect.objectContaining({ type: "Normal", reason: "None" })],
    ],
    [
      "that there was none is no news",
      [condition("Conflicted", "Unknown", "AgentDisconnected")],
      [condition("Conflicted", "False", "None")],
      [],
    ],
    ["no conditions, no events", [good], undefined, []],
  ])("%s", (_what, standing, next, events) => expect(conditionEvents(standing, next)).toEqual(events));
});
