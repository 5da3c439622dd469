/**
 * What is true of one member now: a single judgement, which its NodeClock shows and its TimeDomain counts, so that the two can
 * never contradict each other.
 */
import type { TimeDomainSpec } from "@meridian/crds";
import type { AgentReport } from "../hub/agent-report.js";
import type { AgentView } from "../hub/fleet.js";
import { formatNanoseconds } from "./duration-text.js";
import { describeConflicts } from "./other-daemon.js";

/** A stream that breaks and comes back within this is no news. */
export const disconnectedAfterMs = 30_000;
/** A connected agent reports every few seconds; this much silence means that it does not run. */
const silentAfterMs = 45_000;

/** Without a stream nobody tells us that a bound grew: it grows by what an oscillator may drift, as the guaranteed bound assumes, ns/s. */
const maxDrift = 1000;
/** A bound that grows is looked at again so soon. */
const growthLookMs = 5_000;

export interface NodeJudgement {
  /** Connected, or gone for less than the hysteresis. */
  readonly reachable: boolean;
  /** False: this operator has just started and has not heard the agent yet. What stands of it in the cluster is the best that is known. */
  readonly heard: boolean;
  readonly synchronized: "True" | "False" | "Unknown";
  /** Reason of the Synchronized condition; part of the API. */
  readonly reason:
    | "WithinObjective"
    | "BoundExceedsObjective"
    | "Acquiring"
    | "Holdover"
    | "NoSource"
    | "SourcesDisagree"
    | "OtherDaemonSteers"
    | "AgentDisconnected"
    | "DomainNotFound";
  readonly message: string;
  /** The agent's last report while it can be believed, its bounds grown to now. */
  readonly report: AgentReport | null;
  /** ms since the report was made. */
  readonly reportAge: number;
  /** The bound that the objective is about, ns; null: void or unknown. */
  readonly bound: number | null;
  /** ms until this judgement may change by itself; null: only with the next report. */
  readonly againAfterMs: number | null;
}

/** @param nowMs monotonic. @param hubStartedAt monotonic ms: nobody can have been connected before */
export function judgeNode(
  view: AgentView | undefined,
  objective: TimeDomainSpec["objective"],
  nowMs: number,
  hubStartedAt: number,
): NodeJudgement {
  const unknown = { synchronized: "Unknown", reason: "AgentDisconnected", report: null, reportAge: 0, bound: null } as const;
  const goneMs = view?.stream ? 0 : nowMs - Math.max(view?.since ?? hubStartedAt, hubStartedAt);
  const silentMs = view?.report ? nowMs - view.reportedAt : 0;
  if (goneMs >= disconnectedAfterMs || silentMs >= silentAfterMs) {
    const message = goneMs >= disconnectedAfterMs ? "the agent is not connected" : "the agent is connected and does not report";
    return { ...unknown, reachable: false, heard: true, message, againAfterMs: null };
  }
  if (!view) {
    const message = "the operator has just started, and the agent has not connected to it yet";
    return { ...unknown, reachable: true, heard: false, message, againAfterMs: disconnectedAfterMs - goneMs };
  }
  const againAfterMs = view.stream ? silentAfterMs - silentMs : Math.min(growthLookMs, disconnectedAfterMs - goneMs);
  if (view.report === null) {
    return { ...unknown, reachable: true, heard: true, message: "the agent is connected and has not reported yet", againAfterMs };
  }
  // A connected agent tells at once when a bound outgrows what it said.
  const report = view.stream ? view.report : growBounds(view.report, (maxDrift * silentMs) / 1000);
  const bound = objective.bound === "Guaranteed" ? report.guaranteed : report.calibrated;
  return {
    reachable: true,
    heard: true,
    report,
    reportAge: silentMs,
    bound,
    againAfterMs,
    ...judgeReport(report, bound, objective.maxErrorNanoseconds),
  };
}

/** Of a node whose TimeDomain is gone: its clock is what it is, and there is nothing to hold it against. */
export function judgeOrphan(view: AgentView | undefined, domain: string, nowMs: number, hubStartedAt: number): NodeJudgement {
  const judgement = judgeNode(view, { maxErrorNanoseconds: Number.MAX_SAFE_INTEGER }, nowMs, hubStartedAt);
  if (judgement.report === null) return judgement;
  return { ...judgement, synchronized: "Unknown", reason: "DomainNotFound", message: `TimeDomain ${domain} does not exist any more` };
}

function growBounds(report: AgentReport, by: number): AgentReport {
  const grow = (bound: number | null) => (bound === null ? null : Math.ceil(bound + by));
  return { ...report, calibrated: grow(report.calibrated), guaranteed: grow(report.guaranteed) };
}

function judgeReport(
  report: AgentReport,
  bound: number | null,
  objective: number,
): Pick<NodeJudgement, "synchronized" | "reason" | "message"> {
  const no = (why: NodeJudgement["reason"], message: string) => ({ synchronized: "False", reason: why, message }) as const;
  const limit = formatNanoseconds(objective);
  const { state, reason } = report;
  if (reason === "SourcesDisagree") return no("SourcesDisagree", "its sources disagree, and no majority says which is wrong");
  switch (state) {
    case "PhaseAligned":
      if (bound !== null && bound <= objective) {
        return { synchronized: "True", reason: "WithinObjective", message: `the clock is within ${limit} of true time` };
      }
      return no("BoundExceedsObjective", `the bound exceeds the objective of ${limit}`);
    case "Holdover":
      return no("Holdover", "no source answers; the clock runs on what was learnt of it");
    case "Acquiring":
    case "FrequencyLocked":
      return no("Acquiring", "the clock is being brought to its source");
    case "Conflicted":
      return no("OtherDaemonSteers", `${describeConflicts(report)}, and the agent stands back`);
    default:
      return no("NoSource", reason === "" ? "no source is followed" : `no source is followed: ${reason}`);
  }
}
