/** TimeDomain.status as a whole: the plan's verdict and the members' state, rolled up. Pure. */
import type { TimeDomainStatus } from "@meridian/crds";
import { findCondition } from "kopf-ts";
import type { TimeDomain } from "../../kinds.js";
import type { DomainPlan } from "../../plan/plan.js";
import { buildConditions } from "../conditions.js";
import { roundUp125 } from "../nodeclock/published-bound.js";
import { domainConditions, nextChangeMs } from "./domain-conditions.js";
import type { Member } from "./member.js";
import { sourcesStatus } from "./sources-status.js";

export interface DomainVerdict {
  readonly status: TimeDomainStatus;
  /** ms until it changes by itself; null: never. */
  readonly againAfterMs: number | null;
}

export interface Moment {
  readonly now: Date;
  /** ms for which this process has seen the domain refused; 0: it is not. By a monotonic clock: dates may be corrected meanwhile. */
  readonly refusedForMs: number;
}

/** @param groups independence group of each source, by its name */
export function domainStatus(
  domain: TimeDomain,
  plan: DomainPlan,
  groups: ReadonlyMap<string, string>,
  members: readonly Member[],
  { now, refusedForMs: seenRefusedForMs }: Moment,
): DomainVerdict {
  const { metadata, spec, status: standing } = domain;
  const sources = sourcesStatus(spec.sources, members, standing?.sources, now);
  // Another process has waited long enough for what is missing.
  const isStalled = findCondition(standing?.conditions, "Stalled")?.status === "True";
  const refusedForMs = isStalled ? Number.POSITIVE_INFINITY : seenRefusedForMs;
  const facts = { spec, plan, groups, members, sources, refusedForMs };
  const worst = worstOf(members);
  const status = {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: buildConditions(standing?.conditions, domainConditions(facts), metadata.generation, now),
    nodes: countNodes(plan, members),
    healthySources: sources.filter(({ state }) => state === "Healthy").length,
    ...(worst === null ? {} : { worst }),
    sources,
  };
  return { status, againAfterMs: nextChangeMs(facts) };
}

function countNodes(plan: DomainPlan, members: readonly Member[]): NonNullable<TimeDomainStatus["nodes"]> {
  const inState = (...states: string[]) => members.filter(({ judgement }) => states.includes(judgement.report?.state ?? "")).length;
  return {
    desired: members.length,
    synchronized: members.filter(({ judgement }) => judgement.synchronized === "True").length,
    acquiring: inState("Acquiring", "FrequencyLocked"),
    holdover: inState("Holdover"),
    freeRunning: inState("FreeRunning"),
    conflicted: inState("Conflicted"),
    unreachable: members.filter(({ judgement }) => judgement.report === null).length,
    claimedElsewhere: plan.claimedElsewhere.length,
  };
}

/** Absent while a member that reports has no bound: then there is no largest one. */
function worstOf(members: readonly Member[]): { nodeName: string; errorBoundNanoseconds: number } | null {
  let worst: { nodeName: string; errorBoundNanoseconds: number } | null = null;
  for (const { node, judgement } of members) {
    if (judgement.report === null) continue;
    if (judgement.bound === null) return null;
    if (worst !== null && judgement.bound <= worst.errorBoundNanoseconds) continue;
    worst = { nodeName: node, errorBoundNanoseconds: judgement.bound };
  }
  return worst && { ...worst, errorBoundNanoseconds: roundUp125(worst.errorBoundNanoseconds) };
}

/** Conditions that speak of the clocks, not of the intent. */
const observed: ReadonlySet<string> = new Set(["Synchronized", "SourcesRedundant"]);

/** The same verdict on the intent, while what is known of the clocks is what stands: the operator has just started. */
export function keepObservations(standing: TimeDomainStatus, status: TimeDomainStatus): TimeDomainStatus {
  const { conditions = [], healthySources, nodes, sources, worst } = standing;
  const judged = (status.conditions ?? []).map((condition) =>
    observed.has(condition.type) ? (conditions.find(({ type }) => type === condition.type) ?? condition) : condition,
  );
  const { healthySources: _healthy, nodes: _nodes, sources: _sources, worst: _worst, ...rest } = status;
  return {
    ...rest,
    conditions: judged,
    ...(healthySources === undefined ? {} : { healthySources }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(sources === undefined ? {} : { sources }),
    ...(worst === undefined ? {} : { worst }),
  };
}
