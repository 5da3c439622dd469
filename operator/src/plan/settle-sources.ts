/**
 * Which domains stand and which sources they have, under which numbers. Refusing one domain can take a source from another (its nodes
 * stay as they were), so rounds are made until nobody is left without a source. A round only ever refuses: there are at
 * most as many rounds as domains, and the outcome does not depend on their order.
 */
import type { Candidate } from "./accept-domain.js";
import { allocateDomainNumbers, type NumberRequest } from "./allocate-domain-numbers.js";
import { type HeldServes, holdServes } from "./hold-serves.js";
import { formatInstanceKey } from "./instance-key.js";
import { type Offer, offerSources } from "./offer-sources.js";
import type { UnavailableSource } from "./plan.js";
import { recoverDomainNumbers, type RecoveredNumbers } from "./recover-domain-numbers.js";
import { reserveDomainNumbers } from "./reserve-domain-numbers.js";
import type { SourceIntent } from "./source-intent.js";
import type { WorldIndex } from "./world-index.js";

export interface NumberedSource {
  readonly intent: SourceIntent;
  /** Null: it is no PTP. */
  readonly domainNumber: number | null;
}

export interface StandingDomain {
  readonly candidate: Candidate;
  /** In the order of the spec. */
  readonly sources: readonly NumberedSource[];
  /** In the order of the spec. */
  readonly unavailable: readonly UnavailableSource[];
}

export interface Settlement {
  /** By TimeDomain, oldest first. */
  readonly standing: ReadonlyMap<string, StandingDomain>;
  /** Why a candidate has no source, by TimeDomain. */
  readonly sourceless: ReadonlyMap<string, string>;
  /** What nodes go on serving for refused domains, by node. */
  readonly held: ReadonlyMap<string, readonly HeldServes[]>;
}

/** @param candidates oldest first. */
export function settleSources(candidates: readonly Candidate[], index: WorldIndex): Settlement {
  const sourceless = new Map<string, string>();
  let remaining = candidates;
  for (;;) {
    const names = new Set(remaining.map(({ domain }) => domain.name));
    const recovered = recoverDomainNumbers(names, index);
    const held = holdServes(names, index);
    const { offered, unavailable } = offerSources(remaining, recovered, held, index);
    const requests = remaining.flatMap((candidate) => requestNumbers(candidate, offered.get(candidate.domain.name) ?? [], recovered));
    const allocated = allocateDomainNumbers(requests, reserveDomainNumbers(names, recovered, index));
    const domains = remaining.map((candidate) =>
      numberSources(candidate, offered.get(candidate.domain.name) ?? [], unavailable.get(candidate.domain.name) ?? [], allocated),
    );
    // A domain that only lacks a number waits for a round in which nobody lacks more: their numbers become free.
    const unserved = domains.filter(({ candidate }) => !(offered.get(candidate.domain.name) ?? []).some(({ source }) => steers(source)));
    const empty = unserved.length > 0 ? unserved : domains.filter(({ sources }) => !sources.some(({ intent }) => steers(intent)));
    if (empty.length === 0) {
      return { standing: new Map(domains.map((domain) => [domain.candidate.domain.name, domain] as const)), sourceless, held };
    }
    for (const domain of empty) sourceless.set(domain.candidate.domain.name, explainEmpty(domain));
    remaining = remaining.filter(({ domain }) => !sourceless.has(domain.name));
  }
}

function steers({ use }: SourceIntent): boolean {
  return use !== "Watchdog";
}

/** One per Grandmaster of ours; an external one has its number, or none. */
function requestNumbers({ domain, profile }: Candidate, offers: readonly Offer[], recovered: RecoveredNumbers): NumberRequest[] {
  const requests = new Map<string, NumberRequest>();
  for (const { source, servedAs } of offers) {
    const key = formatInstanceKey(domain.name, source.grandmaster);
    if (source.origin.kind !== "node" || requests.has(key)) continue;
    requests.set(key, {
      key,
      first: profile.domainNumber,
      had: servedAs ?? recovered.numbers.get(key) ?? [],
      fixed: servedAs !== null,
    });
  }
  return [...requests.values()];
}

function numberSources(
  candidate: Candidate,
  offers: readonly Offer[],
  unavailable: readonly UnavailableSource[],
  allocated: ReadonlyMap<string, number>,
): StandingDomain {
  const sources: NumberedSource[] = [];
  const missing = [...unavailable];
  for (const { source: intent, servedAs } of offers) {
    const domainNumber = numberOf(intent, allocated);
    if (domainNumber !== undefined) sources.push({ intent, domainNumber });
    else {
      const why =
        servedAs === null
          ? "no PTP domain number is free, all of 0 to 127 are in use"
          : `its PTP domain number ${servedAs.join(" or ")} is in use by another source, and its node stays as it is`;
      missing.push({ source: intent.name, message: `spec.sources[${intent.index}]: ${why}` });
    }
  }
  const order = new Map(candidate.sources.map(({ name, index }) => [name, index] as const));
  const place = (name: string) => order.get(name) ?? 0;
  return {
    candidate,
    sources: sources.toSorted((a, b) => a.intent.index - b.intent.index),
    unavailable: missing.toSorted((a, b) => place(a.source) - place(b.source)),
  };
}

/** @returns undefined: none was free */
function numberOf({ origin, grandmaster, domain }: SourceIntent, allocated: ReadonlyMap<string, number>): number | null | undefined {
  if (origin.kind === "node") return allocated.get(formatInstanceKey(domain, grandmaster));
  return origin.kind === "external-ptp" ? origin.domainNumber : null;
}

/** A condition's message has room for 1024 characters: the first three say enough. */
function explainEmpty({ unavailable, candidate }: StandingDomain): string {
  const steering = unavailable.filter(({ source }) => candidate.sources.some((intent) => intent.name === source && steers(intent)));
  if (steering.length === 0) return "spec.sources: every source is a Watchdog, and a Watchdog never steers";
  const rest = steering.length > 3 ? `; and ${steering.length - 3} more` : "";
  return `nobody serves a source: ${steering
    .slice(0, 3)
    .map(({ message }) => message)
    .join("; ")}${rest}`;
}
