import type { TimeDomainSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import type { AgentView } from "../../hub/fleet.js";
import type { TimeDomain } from "../../kinds.js";
import type { DomainPlan } from "../../plan/plan.js";
import { aReport, aSource, aView } from "../../testing/an-agent.js";
import { judgeNode } from "../judge-node.js";
import { domainStatus, keepObservations } from "./domain-status.js";
import type { Member } from "./member.js";

const now = new Date("2026-01-01T00:00:00Z");
const spec: TimeDomainSpec = {
  objective: { maxErrorNanoseconds: 100_000, minimumIndependentSources: 2 },
  members: { nodeSelector: {} },
  sources: [
    { name: "gm-a", grandmasterRef: { name: "gm-a" } },
    { name: "gm-b", grandmasterRef: { name: "gm-b" } },
  ],
};
const sources = [
  { name: "gm-a", grandmaster: "gm-a", domainNumber: 0, independenceGroup: "gm-a", servedBy: "a" },
  { name: "gm-b", grandmaster: "gm-b", domainNumber: 1, independenceGroup: "gm-b", servedBy: "b" },
];
const aPlan = (change: Partial<DomainPlan> = {}): DomainPlan => ({
  name: "plant",
  acceptance: { accepted: true, reason: "Accepted", message: "planned" },
  members: ["n0", "n1", "n2", "n3"],
  claimedElsewhere: [],
  contested: [],
  sources,
  profile: null,
  refusedRoles: [],
  waiting: [],
  unavailableSources: [],
  remarks: [],
  budget: { node: "n0", nanoseconds: 1_100 },
  ...change,
});
const aDomain = (change: Partial<TimeDomain> = {}): TimeDomain => ({
  apiVersion: "time.meridian.io/v1alpha1",
  kind: "TimeDomain",
  metadata: { name: "plant", generation: 3 },
  spec,
  ...change,
});
const both = [aSource(), aSource({ name: "gm-b", offsetFromConsensus: -40 })];
const member = (node: string, view: AgentView | undefined, nowMs = 1000): Member => ({
  node,
  view,
  judgement: judgeNode(view, spec.objective, nowMs, 0),
});
const members = (...views: (AgentView | undefined)[]): Member[] => views.map((view, index) => member(`n${String(index)}`, view, 60_000));
const well = (change = {}) => aView({ report: aReport({ sources: both, ...change }), reportedAt: 59_000 });
const acquiring = () => well({ state: "Acquiring", calibrated: null });

const apart: ReadonlyMap<string, string> = new Map([
  ["gm-a", "gm-a"],
  ["gm-b", "gm-b"],
]);
const tell = (of: readonly Member[], plan = aPlan(), domain = aDomain(), groups = apart) =>
  domainStatus(domain, plan, groups, of, { now, refusedForMs: 0 });
const condition = (verdict: ReturnType<typeof tell>, type: string) =>
  verdict.status.conditions?.find((candidate) => candidate.type === type);

describe("TimeDomain.status", () => {
  it("counts members by what is true of them", () => {
    const lost = aView({ stream: null, since: 0, report: aReport() });
    const { status } = tell(members(well(), acquiring(), well({ state: "Holdover" }), lost));
    expect(status).toMatchObject({
      observedGeneration: 3,
      nodes: { desired: 4, synchronized: 1, acquiring: 1, holdover: 1, freeRunning: 0, conflicted: 0, unreachable: 1, claimedElsewhere: 0 },
    });
  });

  it("names the member with the largest bound, rounded up, and nobody while one has none", () => {
    expect(tell(members(well(), well({ calibrated: 31_000 }))).status.worst).toEqual({ nodeName: "n1", errorBoundNanoseconds: 50_000 });
    expect(tell(members(well(), acquiring())).status).not.toHaveProperty("worst");
  });

  it("compares the sources as the members see them", () => {
    const views = [well(), well(), well({ sources: [aSource(), aSource({ name: "gm-b", state: "Falseticker", reason: "Disjoint" })] })];
    expect(tell(members(...views)).status.sources).toEqual([
      {
        name: "gm-a",
        state: "Healthy",
        reason: "",
        offsetFromConsensusNanoseconds: 12,
        usedByNodes: 3,
        stateTransitionTime: "2026-01-01T00:00:00Z",
      },
      {
        name: "gm-b",
        state: "Healthy",
        reason: "",
        offsetFromConsensusNanoseconds: -40,
        usedByNodes: 0,
        stateTransitionTime: "2026-01-01T00:00:00Z",
      },
    ]);
    const bad = ["Disjoint", "DriftsAway", "JumpedAway"].map((reason) => well({ sources: [aSource({ state: "Falseticker", reason })] }));
    expect(tell(members(...bad, well(), well())).status.sources?.[0]).toMatchObject({ state: "Falseticker", reason: "Disjoint" });
    expect(tell([]).status.sources?.[0]).toMatchObject({ state: "Unknown", reason: "NotMeasured", usedByNodes: 0 });
  });

  it("is ready once every reachable member runs its configuration and three quarters are in time", () => {
    expect(condition(tell(members(well(), well(), well(), acquiring())), "Ready")).toMatchObject({ status: "True" });
    expect(condition(tell(members(well(), well(), acquiring(), acquiring())), "Ready")).toMatchObject({
      status: "False",
      reason: "NotSynchronized",
    });
    const behind = aView({ report: aReport(), reportedAt: 59_000, applied: null });
    const waiting = tell(members(well(), well(), well(), behind));
    expect(condition(waiting, "Ready")).toMatchObject({ status: "False", reason: "WaitingForAgents" });
    expect(condition(waiting, "Reconciling")).toMatchObject({ status: "True" });
    const refused = {
      revision: "r1",
      mentioned: [],
      failed: [{ part: "config", code: "MER_AGENT_STALE_EPOCH", message: "epoch 3, obeyed 7" }],
    };
    const stale = aView({ report: aReport(), reportedAt: 59_000, applied: refused });
    expect(condition(tell(members(well(), well(), well(), stale)), "Ready")).toMatchObject({ reason: "WaitingForAgents" });
    expect(condition(tell(members(well(), well(), well(), well())), "Reconciling")).toBeUndefined();
  });

  it.each([
    ["AllWithinObjective", "True", [well(), well()]],
    ["BoundExceedsObjective", "False", [well(), well({ calibrated: 200_000 })]],
    ["BoundExceedsObjective", "False", [well(), acquiring()]],
    ["NoSource", "False", [well(), well({ state: "Holdover" }), well({ calibrated: 200_000 })]],
    ["AgentsUnreachable", "False", [well(), undefined]],
  ])("is %s with status %s", (reason, status, views) => {
    expect(condition(tell(members(...views)), "Synchronized")).toMatchObject({ status, reason });
  });

  it("says how many independent sources there are, and who disagrees", () => {
    expect(condition(tell(members(well())), "SourcesRedundant")).toMatchObject({ status: "True", reason: "Redundant" });
    const one = well({ sources: [aSource(), aSource({ name: "gm-b", state: "NoAnswer" })] });
    expect(condition(tell(members(one)), "SourcesRedundant")).toMatchObject({ status: "False", reason: "TooFewIndependentSources" });
    const roof = new Map([...apart.keys()].map((name) => [name, "roof"] as const));
    expect(condition(tell(members(well()), aPlan(), aDomain(), roof), "SourcesRedundant")).toMatchObject({
      reason: "TooFewIndependentSources",
    });
    const liar = well({ sources: [aSource(), aSource({ name: "gm-b", state: "Suspect" })] });
    const verdict = condition(tell(members(liar)), "SourcesRedundant");
    expect(verdict).toMatchObject({ status: "False", reason: "SourcesDisagree" });
    expect(verdict?.message).toContain("gm-b");
  });

  it("flags an objective that the path cannot give, with the budget", () => {
    const verdict = condition(tell(members(well()), aPlan({ budget: { node: "n2", nanoseconds: 250_000 } })), "ObjectiveFeasible");
    expect(verdict).toMatchObject({ status: "False", reason: "BudgetExceedsObjective" });
    expect(verdict?.message).toContain("250 µs");
  });

  it("names nodes that a domain of the same priority selects too", () => {
    expect(condition(tell([], aPlan({ contested: [{ node: "n9", domain: "other" }] })), "MembersExclusive")).toMatchObject({
      status: "False",
      message: expect.stringContaining("n9 (other)") as string,
    });
    const lower = aPlan({ claimedElsewhere: [{ node: "n9", domain: "other", equalPriority: false }] });
    expect(condition(tell([], lower), "MembersExclusive")?.status).toBe("True");
    expect(tell([], lower).status.nodes?.claimedElsewhere).toBe(1);
  });

  it("waits a minute for a missing reference, then calls itself stalled", () => {
    const refused = aPlan({
      acceptance: { accepted: false, reason: "GrandmasterNotFound", message: "spec.sources[1].grandmasterRef: no gm-b" },
    });
    const first = tell(members(well()), refused);
    expect(first.status.conditions?.map(({ type }) => type)).toContain("Reconciling");
    expect(condition(first, "Accepted")?.message).toContain("the nodes keep the plan that they have");
    expect(condition(tell([], refused), "Accepted")?.message).not.toContain("keep");
    const later = domainStatus(aDomain({ status: first.status }), refused, apart, members(well()), { now, refusedForMs: 20_000 });
    expect(later.againAfterMs).toBe(40_000);
    const last = domainStatus(aDomain({ status: later.status }), refused, apart, members(well()), { now, refusedForMs: 60_000 });
    expect(last.status.conditions?.map(({ type }) => type)).not.toContain("Reconciling");
    expect(condition(last, "Stalled")).toMatchObject({ status: "True", reason: "GrandmasterNotFound" });
    expect(condition(last, "Ready")).toMatchObject({ status: "False", message: "spec.sources[1].grandmasterRef: no gm-b" });
  });

  it("names a demanded role that cannot be, and stays accepted", () => {
    const plan = aPlan({ refusedRoles: [{ node: "n1", role: "Grandmaster", message: "owns no reference" }] });
    expect(condition(tell(members(well()), plan), "Accepted")).toMatchObject({
      status: "True",
      message: expect.stringContaining("n1: owns no reference") as string,
    });
  });

  it("says what of the intent has no effect, and stays accepted", () => {
    const verdict = condition(tell(members(well()), aPlan({ remarks: ["spec.sources[0].interfaces has no effect"] })), "Accepted");
    expect(verdict).toMatchObject({ status: "True", message: "planned; spec.sources[0].interfaces has no effect" });
  });

  it("names the program that steers a member's clock, and what to do, before any other trouble", () => {
    const held = (process: string) =>
      well({
        state: "Conflicted",
        reason: "OtherDaemonSteers",
        selectedUpstream: "",
        calibrated: null,
        conflicts: [{ process, clock: "system", evidence: "Running" }],
      });
    const verdict = tell(members(held("chronyd (pid 812)"), held(""), well({ state: "Holdover" })));
    expect(verdict.status.nodes).toMatchObject({ conflicted: 2, holdover: 1, synchronized: 0 });
    const message =
      "another program steers the clock of 2 nodes: stop it, or set spec.hostTimeDaemon of the TimeDomain to Observe: n0 (chronyd (pid 812)), n1 (a program that cannot be named)";
    expect(condition(verdict, "Synchronized")).toMatchObject({ status: "False", reason: "OtherDaemonSteers", message });
    expect(condition(verdict, "Ready")).toMatchObject({ reason: "NotSynchronized", message: expect.stringContaining(message) as string });
  });

  it("does not take sources that disagree for another program", () => {
    const torn = well({ state: "Conflicted", reason: "SourcesDisagree" });
    expect(condition(tell(members(torn)), "Synchronized")).toMatchObject({ reason: "BoundExceedsObjective" });
  });

  it("tells what to do, however many nodes and however long their programs' names", () => {
    const conflicts = [1, 2, 3, 4].map((n) => ({ process: `${"x".repeat(120)} ${String(n)}`, clock: "system", evidence: "" }));
    const many = Array.from({ length: 9 }, () => well({ state: "Conflicted", reason: "OtherDaemonSteers", conflicts }));
    const message = condition(tell(members(...many)), "Synchronized")?.message ?? "";
    expect(message.length).toBeLessThanOrEqual(1024);
    expect(message).toContain("hostTimeDaemon");
  });

  it("moves no transition time while a condition stays as it is", () => {
    const first = tell(members(well(), well(), well(), well()));
    const later = domainStatus(aDomain({ status: first.status }), aPlan(), apart, members(well(), well(), well(), well()), {
      now: new Date(now.getTime() + 5000),
      refusedForMs: 0,
    });
    expect(later.status).toEqual(first.status);
  });

  it("stays stalled in the hands of another operator, which has not waited itself", () => {
    const acceptance = { accepted: false, reason: "NoSource", message: "none" } as const;
    const stalled = domainStatus(aDomain(), aPlan({ acceptance }), apart, members(well()), { now, refusedForMs: 60_000 });
    const taken = tell(members(well()), aPlan({ acceptance }), aDomain({ status: stalled.status }));
    expect(condition(taken, "Stalled")?.status).toBe("True");
    expect(taken.againAfterMs).toBeNull();
  });

  it("waits for agents that have not come to a new operator, and keeps what stands of their clocks", () => {
    const standing = tell(members(well(), well(), well(), well())).status;
    const unheard = [member("n0", undefined), ...members(well(), well(), well())];
    const verdict = tell(unheard, aPlan(), aDomain({ status: standing }));
    expect(condition(verdict, "Ready")).toMatchObject({ status: "False", reason: "WaitingForAgents" });
    const kept = keepObservations(standing, verdict.status);
    expect(kept.nodes).toEqual(standing.nodes);
    expect(kept.worst).toEqual(standing.worst);
    const synchronized = (status: typeof kept) => status.conditions?.find(({ type }) => type === "Synchronized");
    expect(synchronized(kept)).toEqual(synchronized(standing));
    expect(kept.conditions?.map(({ type }) => type)).toContain("Reconciling");
  });
});
