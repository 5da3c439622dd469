/** Grandmaster.status: what all members of all domains that use it say of it. Pure. */
import type { GrandmasterSpec, GrandmasterStatus } from "@meridian/crds";
import type { AgentSource } from "../../hub/agent-report.js";
import type { AgentView } from "../../hub/fleet.js";
import type { Grandmaster } from "../../kinds.js";
import { buildConditions, isFalse, isTrue, isUnknown, type ConditionFor } from "../conditions.js";
import { mostCommon, mostCommonState } from "../timedomain/sources-status.js";

type Wanted = ConditionFor<"Grandmaster">;

export interface GrandmasterFacts {
  readonly grandmaster: Grandmaster;
  /** TimeDomains that name it, sorted. */
  readonly domains: readonly string[];
  /** What every member that measures it says. */
  readonly opinions: readonly AgentSource[];
  /** Its own node; undefined: external, or no such node. */
  readonly nodeExists: boolean;
  /** The agent of its own node, if it was ever heard. */
  readonly agent: AgentView | undefined;
  /** State that the agent of its own node reports while that serves it; null: nothing of the kind is known. */
  readonly serverState: string | null;
}

const mostDomains = 16;

export function grandmasterStatus(facts: GrandmasterFacts, now: Date): GrandmasterStatus {
  const { metadata, spec, status: standing } = facts.grandmaster;
  const seen = representative(facts.opinions);
  const utc = seen?.currentUtcOffset ?? null;
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: buildConditions(standing?.conditions, conditionsOf(facts), metadata.generation, now),
    state: mostCommonState(facts.opinions).state,
    ...(spec.node ? { nodeName: spec.node.nodeName } : {}),
    ...(seen && seen.grandmasterIdentity !== "" ? { clockIdentity: seen.grandmasterIdentity, clockClass: seen.clockClass } : {}),
    ...(utc === null ? {} : { currentUtcOffsetSeconds: utc }),
    ...stratumOf(facts.opinions),
    domains: facts.domains.slice(0, mostDomains),
  };
}

/**
 * Whose word stands for all: of those that name the identity that most name, one that finds it healthy. One agent that says
 * something else decides nothing.
 */
function representative(opinions: readonly AgentSource[]): AgentSource | undefined {
  const named = opinions.filter(({ grandmasterIdentity }) => grandmasterIdentity !== "");
  const identity = mostCommon(named.map(({ grandmasterIdentity }) => grandmasterIdentity));
  const agreeing = named.filter(({ grandmasterIdentity }) => grandmasterIdentity === identity);
  const clockClass = mostCommon(agreeing.map((opinion) => String(opinion.clockClass)));
  const usual = agreeing.filter((opinion) => String(opinion.clockClass) === clockClass);
  return usual.find(({ state }) => state === "Healthy") ?? usual[0];
}

/** Members may have resolved one name to different servers: what most of them see. */
function stratumOf(opinions: readonly AgentSource[]): { stratum?: number } {
  const strata = opinions.flatMap(({ stratum }) => stratum ?? []);
  return strata.length === 0 ? {} : { stratum: Number(mostCommon(strata.map(String))) };
}

function conditionsOf(facts: GrandmasterFacts): Wanted[] {
  const acceptance = accepted(facts);
  const parts = [acceptance, reachable(facts), healthy(facts)];
  // A spare that is described well has nothing left to wait for; what nobody measures is said by Reachable and Healthy.
  if (facts.domains.length === 0 && acceptance.status === "True") return [isTrue("Ready", "NotUsed", "no TimeDomain uses it"), ...parts];
  const worst = parts.find(({ status }) => status === "False") ?? parts.find(({ status }) => status === "Unknown");
  return [worst ? readyAs(worst) : isTrue("Ready", "Healthy", "the nodes that measure it find it healthy"), ...parts];
}

/** What is wrong with a part is wrong with the whole; the reasons of parts that are True are not among Ready's, nor needed. */
function readyAs({ status, reason, message }: Wanted): Wanted {
  return { type: "Ready", status, reason, message } as Wanted;
}

function accepted({ grandmaster: { spec }, nodeExists, agent, opinions }: GrandmasterFacts): Wanted {
  const { node, externalPTP } = spec;
  if (node) {
    const path = "spec.node.nodeName";
    if (!nodeExists) return isFalse("Accepted", "NodeNotFound", `${path}: there is no node ${node.nodeName}`);
    const device = deviceOf(spec);
    if (agent && !agent.capabilities.clocks.includes(device)) {
      return isFalse("Accepted", "DeviceNotFound", `spec.node.reference: node ${node.nodeName} has no clock ${device}`);
    }
  }
  const wanted = externalPTP?.clockIdentity;
  const answering = representative(opinions)?.grandmasterIdentity;
  if (wanted !== undefined && answering !== undefined && answering !== wanted) {
    return isFalse("Accepted", "UnexpectedIdentity", `spec.externalPTP.clockIdentity is ${wanted}, ${answering} answers`);
  }
  return isTrue("Accepted", "Accepted", "the source is as described");
}

/** Name under which agents list the reference. */
export function deviceOf({ node }: GrandmasterSpec): string {
  return node?.reference.phc?.device ?? "system";
}

function reachable({ domains, opinions }: GrandmasterFacts): Wanted {
  const type = "Reachable";
  if (domains.length === 0) return isUnknown(type, "NotUsed", "no TimeDomain uses it");
  if (opinions.length === 0) return isUnknown(type, "NotMeasured", "no member measures it yet");
  const silent = opinions.filter(({ state }) => state === "NoAnswer").length;
  if (silent === opinions.length) return isFalse(type, "NoAnswer", `none of ${opinions.length} nodes gets an answer`);
  if (silent > 0) return isFalse(type, "PartlyReachable", `${silent} of ${opinions.length} nodes get no answer`);
  return isTrue(type, "Reachable", `${opinions.length} nodes measure it`);
}

function healthy({ grandmaster: { spec }, opinions, serverState }: GrandmasterFacts): Wanted {
  const type = "Healthy";
  const judged = opinions.filter(({ state }) => state !== "NoAnswer" && state !== "Acquiring");
  const { state, reason } = mostCommonState(judged);
  // That others find it wrong is the worse news.
  if (serverState === "Holdover" && state !== "Falseticker" && state !== "Suspect")
    return isFalse(type, "Holdover", `node ${spec.node?.nodeName ?? ""} has lost the reference and runs on what was learnt of it`);
  if (judged.length === 0) return isUnknown(type, "NotMeasured", "nobody has measured it for long enough");
  const why = reason === "" ? "" : `: ${reason}`;
  switch (state) {
    case "Healthy":
      return isTrue(type, "Healthy", "most nodes find it healthy");
    case "Falseticker":
    case "Suspect":
      return isFalse(type, "Falseticker", `most nodes find it wrong${why}`);
    default:
      return isFalse(type, reason === "UtcOffsetDisputed" ? reason : "Unsynchronized", `it does not serve true time${why}`);
  }
}
