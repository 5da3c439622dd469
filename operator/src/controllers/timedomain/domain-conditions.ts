/** TimeDomain's conditions as a list of policies, each a pure function of the plan and the members: (status, reason, message). */
import type { TimeDomainSpec, TimeDomainStatus } from "@meridian/crds";
import type { DomainPlan } from "../../plan/plan.js";
import { isFalse, isTrue, isUnknown, type ConditionFor } from "../conditions.js";
import { formatNanoseconds } from "../duration-text.js";
import { namePrograms, otherDaemonRemedy, standsBack } from "../other-daemon.js";
import { hasAcknowledged, type Member } from "./member.js";

type Wanted = ConditionFor<"TimeDomain">;

export interface DomainFacts {
  readonly spec: TimeDomainSpec;
  readonly plan: DomainPlan;
  readonly members: readonly Member[];
  readonly sources: NonNullable<TimeDomainStatus["sources"]>;
  /** Independence group of each source, by its name. */
  readonly groups: ReadonlyMap<string, string>;
  /** ms that Accepted has been False; 0 while it is not. */
  readonly refusedForMs: number;
}

/** Ready needs this share of the members in time, so that one reboot does not fail `helm --wait`. */
const readyShare = 0.75;
/** A reference that is still missing after this is not on its way. */
const stalledAfterMs = 60_000;
/** Names in a message: the first few say enough. */
const namesShown = 5;

export function domainConditions(facts: DomainFacts): Wanted[] {
  return [
    ready(facts),
    accepted(facts),
    synchronized(facts),
    sourcesRedundant(facts),
    objectiveFeasible(facts),
    membersExclusive(facts),
    ...progress(facts),
  ];
}

/** ms until a condition changes by itself; null: never. */
export function nextChangeMs({ plan, refusedForMs }: DomainFacts): number | null {
  return plan.acceptance.accepted || refusedForMs >= stalledAfterMs ? null : stalledAfterMs - refusedForMs;
}

function accepted({ plan, members }: DomainFacts): Wanted {
  const { accepted: ok, reason, message } = plan.acceptance;
  const running = members.some(({ view }) => (view?.stream?.revision ?? "") !== "");
  if (!ok) return isFalse("Accepted", reason, running ? `${message}; the nodes keep the plan that they have` : message);
  const reservations = [
    ...plan.unavailableSources.map((source) => source.message),
    ...plan.refusedRoles.map((role) => `${role.node}: ${role.message}`),
    ...plan.remarks,
  ];
  return isTrue("Accepted", reason, [message, ...reservations].join("; "));
}

function ready(facts: DomainFacts): Wanted {
  const { members, plan, spec } = facts;
  const { acceptance } = plan;
  if (!acceptance.accepted) return isFalse("Ready", acceptance.reason, acceptance.message);
  const behind = pendingMembers(facts);
  if (behind.length > 0) return isFalse("Ready", "WaitingForAgents", waitsFor(behind));
  const inTime = members.filter(({ judgement }) => judgement.synchronized === "True").length;
  const needed = Math.ceil(members.length * readyShare);
  if (inTime < needed) {
    const shortfall = `${inTime} of ${members.length} nodes are synchronized, ${needed} are needed`;
    return isFalse("Ready", "NotSynchronized", [shortfall, ...explainConflicts(members)].join("; "));
  }
  return isTrue("Ready", spec.paused === true ? "Paused" : "Ready", `${inTime} of ${members.length} nodes are synchronized`);
}

function synchronized({ members, spec, plan }: DomainFacts): Wanted {
  const type = "Synchronized";
  if (members.length === 0) return isUnknown(type, "NoMember", plan.acceptance.message);
  const gone = members.filter(({ judgement }) => judgement.synchronized === "Unknown");
  if (gone.length > 0) return isFalse(type, "AgentsUnreachable", `${namesOf(gone)}: no agent reports`);
  const out = members.filter(({ judgement }) => judgement.synchronized === "False");
  const limit = formatNanoseconds(spec.objective.maxErrorNanoseconds);
  if (out.length === 0) return isTrue(type, "AllWithinObjective", `all ${members.length} nodes are within ${limit} of true time`);
  const [conflict] = explainConflicts(out);
  if (conflict !== undefined) return isFalse(type, "OtherDaemonSteers", conflict);
  const sourceless = out.filter(({ judgement }) => judgement.reason === "NoSource" || judgement.reason === "Holdover");
  if (sourceless.length > 0) return isFalse(type, "NoSource", `no source is followed by ${namesOf(sourceless)}`);
  return isFalse(type, "BoundExceedsObjective", `${namesOf(out)} ${out.length === 1 ? "is" : "are"} not within ${limit} of true time`);
}

/** What to do comes first: a message ends after 1024 characters. @returns one sentence; empty: no agent stands back */
function explainConflicts(members: readonly Member[]): string[] {
  const conflicted = members.flatMap(({ judgement: { report }, node }) =>
    report !== null && standsBack(report) ? [{ node, report }] : [],
  );
  if (conflicted.length === 0) return [];
  const named = conflicted.slice(0, namesShown).map(({ node, report }) => `${node} (${namePrograms(report)})`);
  const more = conflicted.length > namesShown ? ` and ${conflicted.length - namesShown} more` : "";
  const nodes = conflicted.length === 1 ? "1 node" : `${conflicted.length} nodes`;
  return [`another program steers the clock of ${nodes}: ${otherDaemonRemedy}: ${named.join(", ")}${more}`];
}

function sourcesRedundant({ groups: groupOf, sources, spec }: DomainFacts): Wanted {
  const type = "SourcesRedundant";
  const disagreeing = sources.filter(({ state }) => state === "Falseticker" || state === "Suspect").map(({ name }) => name);
  if (disagreeing.length > 0) return isFalse(type, "SourcesDisagree", `${disagreeing.join(", ")} disagree with the others`);
  const healthy = sources.filter(({ state }) => state === "Healthy");
  const groups = new Set(healthy.map(({ name }) => groupOf.get(name) ?? name)).size;
  const needed = spec.objective.minimumIndependentSources ?? 1;
  const message = `${groups} independent ${groups === 1 ? "source is" : "sources are"} healthy, ${needed} required`;
  return groups >= needed ? isTrue(type, "Redundant", message) : isFalse(type, "TooFewIndependentSources", message);
}

function objectiveFeasible({ plan, spec }: DomainFacts): Wanted {
  const type = "ObjectiveFeasible";
  if (plan.budget === null) return isUnknown(type, "NotPlanned", "no path from a source to a member is planned now");
  const { maxErrorNanoseconds } = spec.objective;
  const budget = `the best that the path to ${plan.budget.node} can promise is ${formatNanoseconds(plan.budget.nanoseconds)}`;
  return plan.budget.nanoseconds <= maxErrorNanoseconds
    ? isTrue(type, "Feasible", budget)
    : isFalse(type, "BudgetExceedsObjective", `${budget}, the objective is ${formatNanoseconds(maxErrorNanoseconds)}`);
}

function membersExclusive({ plan }: DomainFacts): Wanted {
  const type = "MembersExclusive";
  const rivals = [...plan.contested, ...plan.claimedElsewhere.filter(({ equalPriority }) => equalPriority)];
  if (rivals.length === 0) return isTrue(type, "Exclusive", "no node is claimed by another domain of the same priority");
  const named = rivals.slice(0, namesShown).map(({ node, domain }) => `${node} (${domain})`);
  return isFalse(type, "Overlap", `also selected by a domain of the same priority: ${named.join(", ")}; set spec.priority`);
}

/** kstatus: present only while abnormal. */
function progress(facts: DomainFacts): Wanted[] {
  const { plan, refusedForMs } = facts;
  const { acceptance } = plan;
  if (!acceptance.accepted) {
    const { reason, message } = acceptance;
    return [refusedForMs < stalledAfterMs ? isTrue("Reconciling", reason, message) : isTrue("Stalled", reason, message)];
  }
  const behind = pendingMembers(facts);
  return behind.length === 0 ? [] : [isTrue("Reconciling", "WaitingForAgents", waitsFor(behind))];
}

/** Agents that have not come to a new operator yet, or are connected and do not run yet what they were sent, or whose interfaces are not planned yet. */
function pendingMembers({ members, plan }: DomainFacts): Member[] {
  const waiting = new Set(plan.waiting);
  return members.filter((member) => {
    // Just started: whoever has not come yet may or may not run what is planned.
    if (!member.judgement.heard) return true;
    return member.view?.stream && (!hasAcknowledged(member) || waiting.has(member.node));
  });
}

const waitsFor = (members: readonly Member[]): string => `waiting until the configuration is applied by ${namesOf(members)}`;

function namesOf(members: readonly Member[]): string {
  const names = members.slice(0, namesShown).map(({ node }) => node);
  return members.length > namesShown ? `${names.join(", ")} and ${members.length - namesShown} more` : names.join(", ");
}
