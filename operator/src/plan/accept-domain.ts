/**
 * Whether a domain can be planned at all, as a list of pure policies asked in order; the first that objects is what the user
 * reads in the Accepted condition, so each message begins with the field to edit. That somebody serves its sources is
 * decided later (settle-sources.ts): it depends on what other domains demand.
 */
import { type ResolvedProfile, resolveProfile } from "@meridian/crds";
import type { RefusalReason } from "./plan.js";
import { readSource, type SourceIntent } from "./source-intent.js";
import type { WorldDomain, WorldNode } from "./world.js";
import type { WorldIndex } from "./world-index.js";

/** A domain that may be planned if its sources are served. */
export interface Candidate {
  readonly domain: WorldDomain;
  readonly profile: ResolvedProfile;
  /** In the order of the spec. */
  readonly sources: readonly SourceIntent[];
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

export type Candidacy =
  | { readonly kind: "candidate"; readonly candidate: Candidate }
  /** Nothing is wrong with it, and nothing new may reach its agents. */
  | { readonly kind: "paused"; readonly profile: ResolvedProfile }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly profile: ResolvedProfile | null };

export function acceptDomain(domain: WorldDomain, index: WorldIndex): Candidacy {
  const profile = findProfile(domain, index);
  if (profile.kind === "refused") return { kind: "refused", refusal: profile.refusal, profile: null };
  const sources = domain.spec.sources.map((source, i) => {
    const grandmaster = index.grandmasters.get(source.grandmasterRef.name);
    return grandmaster === undefined ? null : readSource(domain, i, grandmaster);
  });
  const view: DomainView = { domain, sources, members: index.claims.byDomain.get(domain.name)?.members ?? [], index };
  for (const policy of policies) {
    const refusal = policy(view);
    if (refusal !== null) return { kind: "refused", refusal, profile: profile.profile };
  }
  if (domain.spec.paused === true) return { kind: "paused", profile: profile.profile };
  return { kind: "candidate", candidate: { domain, profile: profile.profile, sources: sources.filter((source) => source !== null) } };
}

interface DomainView {
  readonly domain: WorldDomain;
  /** Null: its Grandmaster does not exist. */
  readonly sources: readonly (SourceIntent | null)[];
  readonly members: readonly WorldNode[];
  readonly index: WorldIndex;
}

type DomainPolicy = (view: DomainView) => Refusal | null;

/** A missing object comes before what can only be judged with it. */
const policies: readonly DomainPolicy[] = [findGrandmasters, findSmears, findMembers, findReferences, findInterfaces];

type ProfileOutcome = { kind: "found"; profile: ResolvedProfile } | { kind: "refused"; refusal: Refusal };

function findProfile({ spec }: WorldDomain, { profiles }: WorldIndex): ProfileOutcome {
  const name = spec.profileRef?.name;
  const found = name === undefined ? undefined : profiles.get(name);
  if (name !== undefined && found === undefined) {
    return refuseProfile(`spec.profileRef: there is no ClockProfile ${name}`);
  }
  const resolution = resolveProfile(found?.spec);
  if (resolution.kind === "resolved") return { kind: "found", profile: resolution.profile };
  const { field, value, minimum, maximum } = resolution;
  return refuseProfile(`spec.profileRef: ClockProfile ${name} has ${field} ${value}, its base allows ${minimum} to ${maximum}`);
}

function refuseProfile(message: string): ProfileOutcome {
  return { kind: "refused", refusal: { reason: "ProfileNotFound", message } };
}

function findGrandmasters({ domain, sources }: DomainView): Refusal | null {
  const missing = sources.indexOf(null);
  if (missing < 0) return null;
  const name = domain.spec.sources[missing]?.grandmasterRef.name;
  return { reason: "GrandmasterNotFound", message: `spec.sources[${missing}].grandmasterRef: there is no Grandmaster ${name}` };
}

/** During a leap second they are up to a second apart, and the vote would name whichever are fewer. */
function findSmears({ sources }: DomainView): Refusal | null {
  const known = sources.filter((source) => source !== null);
  const smeared = known.find((source) => source.leapSmear);
  const plain = known.find((source) => !source.leapSmear);
  if (smeared === undefined || plain === undefined) return null;
  return {
    reason: "LeapSmearMixed",
    message: `spec.sources[${smeared.index}].grandmasterRef: Grandmaster ${smeared.grandmaster} smears leap seconds, ${plain.grandmaster} does not`,
  };
}

function findMembers({ members, domain, index }: DomainView): Refusal | null {
  if (members.length > 0) return null;
  const elsewhere = index.claims.byDomain.get(domain.name)?.claimedElsewhere.length ?? 0;
  const why = elsewhere === 0 ? "selects no node" : `selects ${elsewhere} nodes, all owned by other TimeDomains`;
  return { reason: "NoMember", message: `spec.members.nodeSelector: ${why}` };
}

/**
 * A reference on a node without an agent is never served. One node that is taken out of the cluster must not freeze the domain, so
 * the source is unavailable (offer-sources.ts) and the domain is refused only when none that steers is left.
 */
function findReferences({ sources, index }: DomainView): Refusal | null {
  const steering = sources.filter((source) => source !== null && source.use !== "Watchdog");
  const absences = steering.flatMap((source) => {
    const why = source && explainAbsentOwner(source, index);
    return why === null ? [] : [`spec.sources[${source?.index ?? 0}].grandmasterRef: ${why}`];
  });
  const [first] = absences;
  return first !== undefined && absences.length === steering.length ? { reason: "NodeNotMember", message: first } : null;
}

/** @returns why nobody serves a source that a node owns; null: that node has an agent, or the source is external */
export function explainAbsentOwner({ origin, grandmaster }: SourceIntent, { claims, nodes }: WorldIndex): string | null {
  if (origin.kind !== "node" || claims.ownerOf.has(origin.nodeName)) return null;
  const why = nodes.has(origin.nodeName) ? "which no TimeDomain selects" : "which does not exist";
  return `Grandmaster ${grandmaster} is on node ${origin.nodeName}, ${why}`;
}

/** Only what agents reported counts: before the first has connected nothing is known and nothing is refused. */
function findInterfaces({ sources, members }: DomainView): Refusal | null {
  if (!sources.some((source) => source !== null && source.interfaces !== null)) return null;
  const heard = members.flatMap(({ capabilities }) => (capabilities === null ? [] : [capabilities]));
  if (heard.length === 0) return null;
  const names = new Set(heard.flatMap(({ interfaces }) => interfaces.map(({ name }) => name)));
  for (const source of sources) {
    if (source === null || source.interfaces === null || source.interfaces.some((name) => names.has(name))) continue;
    return {
      reason: "InterfaceNotFound",
      message: `spec.sources[${source.index}].interfaces: none of ${heard.length} members has ${source.interfaces.join(" or ")}`,
    };
  }
  return null;
}
