import { describe, expect, it } from "vitest";
import type { AgentView } from "../../hub/fleet.js";
import { aReport, aSource, aStream, aView } from "../../testing/an-agent.js";
import { judgeNode } from "../judge-node.js";
import { nodeClockStatus } from "./node-clock-status.js";

const start = Date.parse("2026-01-01T00:00:00Z");
const objective = { maxErrorNanoseconds: 100_000 };
type Status = ReturnType<typeof nodeClockStatus>;

function tell(
  view: AgentView | undefined,
  standing: Status | undefined,
  atMs: number,
  nowMs = 1000,
  promised: Parameters<typeof nodeClockStatus>[0]["promised"] = null,
): Status {
  const judgement = judgeNode(view, objective, nowMs, 0);
  return nodeClockStatus({ standing, generation: 1, view, promised, judgement, now: new Date(start + atMs) });
}
const condition = (status: Status, type: string) => status.conditions?.find((candidate) => candidate.type === type);

describe("NodeClock.status", () => {
  it("says state, upstream and bounds, rounded up, as of now", () => {
    expect(tell(aView(), undefined, 0)).toMatchObject({
      state: "PhaseAligned",
      stateTransitionTime: "2025-12-31T23:59:29Z",
      selectedUpstream: "gm-a",
      errorBoundNanoseconds: 10_000,
      guaranteedErrorNanoseconds: 50_000,
      transitions: [{ time: "2025-12-31T23:59:29Z", state: "PhaseAligned", reason: "Locked" }],
      lastSample: { time: "2025-12-31T23:59:59Z", offsetNanoseconds: 120, frequencyPartsPerBillion: 18_000, pathDelayNanoseconds: 9_000 },
    });
  });

  it("is the standing one while nothing means anything else, so that nothing is written", () => {
    const first = tell(aView(), undefined, 0);
    // A minute later every figure and every age has moved, and no meaning has.
    const report = aReport({
      offset: -33,
      calibrated: 7_100,
      guaranteed: 39_000,
      frequency: 18_003,
      stateAge: 90_400,
      transitions: [{ state: "PhaseAligned", reason: "Locked", age: 90_300 }],
    });
    expect(tell(aView({ report }), first, 60_000)).toBe(first);
  });

  it("renews the sample every ten minutes, and with any other news", () => {
    const first = tell(aView(), undefined, 0);
    const aged = (ms: number) =>
      aView({
        report: aReport({
          offset: -33,
          stateAge: 30_000 + ms,
          transitions: [{ state: "PhaseAligned", reason: "Locked", age: 30_000 + ms }],
        }),
      });
    expect(tell(aged(600_000), first, 600_000).lastSample?.offsetNanoseconds).toBe(-33);
    const worse = aView({ report: aReport({ offset: 5, calibrated: 12_000 }) });
    expect(tell(worse, first, 1000)).toMatchObject({ errorBoundNanoseconds: 20_000, lastSample: { offsetNanoseconds: 5 } });
  });

  it("dates a state and its transitions by the report, however long ago that was made", () => {
    const view = aView({ stream: null, since: 0, reportedAt: 0 });
    const early = tell(view, undefined, 0, 0);
    const late = tell(view, undefined, 20_000, 20_000);
    expect(late.stateTransitionTime).toBe(early.stateTransitionTime);
    expect(late.transitions).toEqual(early.transitions);
  });

  it("is not written anew because a stream broke and came back", () => {
    const standing = tell(aView(), undefined, 0);
    expect(tell(aView({ stream: null, since: 1000 }), standing, 1000, 2000)).toBe(standing);
  });

  it("drops a bound that became void", () => {
    const first = tell(aView(), undefined, 0);
    const voided = tell(aView({ report: aReport({ calibrated: null, guaranteed: null }) }), first, 1000);
    expect(voided).not.toHaveProperty("errorBoundNanoseconds");
    expect(voided).not.toHaveProperty("guaranteedErrorNanoseconds");
    expect(condition(voided, "Synchronized")).toMatchObject({ status: "False", reason: "BoundExceedsObjective" });
  });

  it("stands through a broken stream for half a minute, then says that nothing is known", () => {
    const first = tell(aView(), undefined, 0);
    const gone = aView({ stream: null, since: 1000 });
    expect(tell(gone, first, 10_000, 10_000)).toMatchObject({ state: "PhaseAligned", errorBoundNanoseconds: 20_000 });
    const lost = tell(gone, first, 31_000, 31_000);
    expect(lost).toMatchObject({ state: "Unknown", stateReason: "AgentDisconnected", stateTransitionTime: "2026-01-01T00:00:31Z" });
    expect(lost).not.toHaveProperty("errorBoundNanoseconds");
    expect(lost).not.toHaveProperty("selectedUpstream");
    expect(condition(lost, "AgentConnected")).toMatchObject({ status: "False", reason: "Disconnected" });
    expect(tell(gone, lost, 60_000, 60_000)).toBe(lost);
  });

  it.each([
    ["has not answered", null, "Unknown", "Pending"],
    ["answered for another revision", { revision: "r0", failed: [] }, "Unknown", "Pending"],
    ["runs it", { revision: "r1", failed: [] }, "True", "Applied"],
    [
      "has no port",
      { revision: "r1", failed: [{ part: "ptp/gm-a", code: "MER_AGENT_PORT_TAKEN", message: "ptp4l (pid 7)" }] },
      "False",
      "PortInUse",
    ],
    [
      "may not steer",
      { revision: "r1", failed: [{ part: "clock", code: "MER_AGENT_NOT_STEERABLE", message: "EPERM" }] },
      "False",
      "NoCapability",
    ],
    [
      "stands back for another daemon",
      { revision: "r1", failed: [{ part: "clock", code: "MER_AGENT_CLOCK_CONTESTED", message: "chronyd (pid 812) steers this clock" }] },
      "False",
      "OtherDaemonSteers",
    ],
    [
      "refuses a part",
      { revision: "r1", failed: [{ part: "serve/x", code: "MER_AGENT_CLOCK_UNKNOWN", message: "no" }] },
      "False",
      "PartRejected",
    ],
  ])("tells whether the configuration runs when the agent %s", (_what, answer, status, reason) => {
    const applied = answer && { mentioned: [], ...answer };
    expect(condition(tell(aView({ applied }), undefined, 0), "ConfigApplied")).toMatchObject({ status, reason });
  });

  it("names the holder of a port that is taken", () => {
    const failed = [{ part: "ptp/gm-a", code: "MER_AGENT_PORT_TAKEN", message: "ptp4l (pid 7)" }];
    const applied = { revision: "r1", mentioned: ["ptp/gm-a"], failed };
    expect(condition(tell(aView({ applied, stream: aStream }), undefined, 0), "ConfigApplied")?.message).toContain("ptp4l (pid 7)");
  });

  it.each([
    ["of nothing that has to do with NTP", ["ptp/gm-a", "clock"], [], "NoCapability", /^ntp\/a, ntp\/b, serve\/ntp: .*no NTP/],
    ["of one server only", ["ntp/a", "serve/ntp"], [], "NoCapability", /^ntp\/b: .*no NTP/],
    ["of all of it", ["ntp/b", "serve/ntp", "ntp/a"], [], "Applied", /every part/],
    [
      "of nothing, and another part fails",
      ["clock"],
      [{ part: "ptp/gm-a", code: "MER_AGENT_PORT_TAKEN", message: "ptp4l" }],
      "PortInUse",
      /ptp4l; ntp\/a: .*no NTP/,
    ],
    [
      "of nothing, as it refused it as a whole",
      ["config"],
      [{ part: "config", code: "MER_AGENT_STALE_EPOCH", message: "" }],
      "PartRejected",
      /^config[^;]*$/,
    ],
  ])("does not call NTP applied while the agent speaks %s", (_what, mentioned, failed, reason, message) => {
    const promised = { revision: "r1", parts: ["ntp/a", "ntp/b", "serve/ntp"] };
    const applied = { revision: "r1", mentioned, failed };
    const told = condition(tell(aView({ applied }), undefined, 0, 1000, promised), "ConfigApplied");
    expect(told).toMatchObject({ status: reason === "Applied" ? "True" : "False", reason });
    expect(told?.message).toMatch(message);
  });

  it("judges no answer by what another revision holds", () => {
    const promised = { revision: "r2", parts: ["ntp/a"] };
    expect(condition(tell(aView(), undefined, 0, 1000, promised), "ConfigApplied")?.reason).toBe("Applied");
  });

  it("says of a followed NTP server its stratum and what that follows, and of others nothing", () => {
    const ntp = aSource({ name: "office", stratum: 2, referenceId: "192.0.2.1" });
    const sources = [aSource(), ntp];
    expect(tell(aView({ report: aReport({ sources, selectedUpstream: "office" }) }), undefined, 0)).toMatchObject({
      stratum: 2,
      referenceID: "192.0.2.1",
    });
    for (const selectedUpstream of ["gm-a", "", "unknown"]) {
      const status = tell(aView({ report: aReport({ sources, selectedUpstream }) }), undefined, 0);
      expect(status).not.toHaveProperty("stratum");
      expect(status).not.toHaveProperty("referenceID");
    }
  });

  const chronyd = { process: "chronyd (pid 812)", clock: "system", evidence: "Running" };
  it("names the program for which the agent stands back, and what to do", () => {
    const held = aReport({ state: "Conflicted", reason: "OtherDaemonSteers", calibrated: null, conflicts: [chronyd] });
    const status = tell(aView({ report: held }), undefined, 0);
    expect(status).toMatchObject({ state: "Conflicted", conflicts: [{ process: "chronyd (pid 812)", clock: "system" }] });
    expect(condition(status, "Conflicted")).toMatchObject({
      status: "True",
      reason: "OtherDaemonSteers",
      message: "chronyd (pid 812) steers system (Running): stop it, or set spec.hostTimeDaemon of the TimeDomain to Observe",
    });
    expect(condition(status, "Synchronized")).toMatchObject({ status: "False", reason: "OtherDaemonSteers" });
    const gone = tell(aView(), status, 1000);
    expect(gone).not.toHaveProperty("conflicts");
    expect(condition(gone, "Conflicted")).toMatchObject({ status: "False", reason: "None" });
  });

  it("does not call a node conflicted that measures beside the other program", () => {
    const status = tell(aView({ report: aReport({ conflicts: [chronyd] }) }), undefined, 0);
    expect(status.conflicts).toHaveLength(1);
    expect(condition(status, "Conflicted")).toMatchObject({ status: "False", reason: "Observed" });
  });

  it("knows of no conflict, and denies none, while the agent is gone", () => {
    const held = tell(aView({ report: aReport({ state: "Conflicted", reason: "OtherDaemonSteers", conflicts: [chronyd] }) }), undefined, 0);
    const lost = tell(aView({ stream: null, since: 1000 }), held, 31_000, 31_000);
    expect(condition(lost, "Conflicted")).toMatchObject({ status: "Unknown", reason: "AgentDisconnected" });
    expect(lost).not.toHaveProperty("conflicts");
  });
});
