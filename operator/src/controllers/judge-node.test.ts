import { describe, expect, it } from "vitest";
import { aReport, aView } from "../testing/an-agent.js";
import { judgeNode, judgeOrphan } from "./judge-node.js";

const objective = { maxErrorNanoseconds: 10_000 };
const judge = (view: Parameters<typeof judgeNode>[0], nowMs = 1000, of: Parameters<typeof judgeNode>[1] = objective) =>
  judgeNode(view, of, nowMs, 0);

describe("the judgement on a member", () => {
  it.each([
    ["within the objective", aReport(), "True", "WithinObjective"],
    ["exactly at the objective", aReport({ calibrated: 10_000 }), "True", "WithinObjective"],
    ["beyond the objective", aReport({ calibrated: 10_001 }), "False", "BoundExceedsObjective"],
    ["aligned with a void bound", aReport({ calibrated: null }), "False", "BoundExceedsObjective"],
    ["acquiring", aReport({ state: "Acquiring", reason: "Measuring" }), "False", "Acquiring"],
    ["in holdover, however small its bound", aReport({ state: "Holdover", reason: "NoSource" }), "False", "Holdover"],
    ["free-running", aReport({ state: "FreeRunning", reason: "NoAnswer" }), "False", "NoSource"],
    ["between sources that disagree", aReport({ state: "FreeRunning", reason: "SourcesDisagree" }), "False", "SourcesDisagree"],
    ["locked between sources that disagree", aReport({ state: "Conflicted", reason: "SourcesDisagree" }), "False", "SourcesDisagree"],
    ["steered by another program", aReport({ state: "Conflicted", reason: "OtherDaemonSteers" }), "False", "OtherDaemonSteers"],
    [
      "measured beside another program",
      aReport({ conflicts: [{ process: "chronyd (pid 812)", clock: "system", evidence: "Running" }] }),
      "True",
      "WithinObjective",
    ],
    ["in a state of a newer agent", aReport({ state: "Syntonized", reason: "" }), "False", "NoSource"],
  ])("of one that is %s", (_what, report, synchronized, reason) => {
    expect(judge(aView({ report }))).toMatchObject({ synchronized, reason, reachable: true });
  });

  it("compares the bound that the objective names", () => {
    expect(judge(aView(), 1000, { ...objective, bound: "Guaranteed" })).toMatchObject({ bound: 41_000, synchronized: "False" });
    expect(judge(aView(), 1000, { ...objective, bound: "Calibrated" })).toMatchObject({ bound: 7_300, synchronized: "True" });
  });

  it("overlooks a stream that breaks for less than 30 s, and says when to look again", () => {
    const gone = aView({ stream: null, since: 10_000, reportedAt: 9_000 });
    expect(judge(gone, 39_000, { maxErrorNanoseconds: 100_000 })).toMatchObject({
      reachable: true,
      synchronized: "True",
      againAfterMs: 1000,
    });
    expect(judge(gone, 40_000)).toMatchObject({ reachable: false, synchronized: "Unknown", reason: "AgentDisconnected", bound: null });
  });

  it("lets the bound of a node without a stream grow as its oscillator may drift", () => {
    const gone = aView({ stream: null, since: 1000, reportedAt: 1000 });
    expect(judge(gone, 1000)).toMatchObject({ bound: 7_300, synchronized: "True" });
    expect(judge(gone, 4_000)).toMatchObject({ bound: 10_300, synchronized: "False", report: { calibrated: 10_300, guaranteed: 44_000 } });
    expect(judge(aView({ reportedAt: 1000 }), 4_000)).toMatchObject({ bound: 7_300 });
  });

  it("says of a node whose domain is gone what its clock does, and holds it against nothing", () => {
    const orphan = judgeOrphan(aView({ report: aReport({ state: "Holdover" }) }), "plant", 1000, 0);
    expect(orphan).toMatchObject({ synchronized: "Unknown", reason: "DomainNotFound", report: { state: "Holdover", calibrated: 7_300 } });
    expect(orphan.message).toContain("plant");
  });

  it("knows nothing of an agent that is connected and silent", () => {
    expect(judge(aView({ reportedAt: 0 }), 44_999)).toMatchObject({ synchronized: "True" });
    expect(judge(aView({ reportedAt: 0 }), 45_000)).toMatchObject({ synchronized: "Unknown", reachable: false, report: null });
  });

  it("gives agents that were never heard the time to come after a start of the operator", () => {
    expect(judge(undefined, 29_000)).toMatchObject({ heard: false, reachable: true, synchronized: "Unknown" });
    expect(judge(undefined, 30_000)).toMatchObject({ heard: true, reachable: false, synchronized: "Unknown" });
  });
});
