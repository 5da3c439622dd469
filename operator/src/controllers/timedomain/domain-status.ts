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

/** @param groups independence group of each source, by its name */
export function domainStatus(
  domain: TimeDomain,
  plan: DomainPlan,
  groups: ReadonlyMap<string, string>,
  members: readonly Member[],
  now: Date,
): DomainVerdict {
  const { metadata, spec, status: standing } = domain;
  const sources = sourcesStatus(spec.sources, members, standing?.sources, now);
  const before = findCondition(standing?.conditions, "Accepted");
  const refusedForMs = before?.status === "False" ? now.getTime() - Date.parse(before.lastTransitionTime) : 0;
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
