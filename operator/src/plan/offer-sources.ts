/**
 * Which sources somebody serves, given the domains that stand. A node that owns a reference serves it to every domain that names it, unless its own
 * domain demands another role, its own domain is refused (then it stays as it was), or it serves too many already.
 */
import { type Candidate, explainAbsentOwner } from "./accept-domain.js";
import { assignRole } from "./assign-role.js";
import { chooseInterface } from "./choose-interface.js";
import { compareText } from "./compare-text.js";
import { readTopology } from "./domain-topology.js";
import type { HeldServes } from "./hold-serves.js";
import { formatInstanceKey } from "./instance-key.js";
import type { UnavailableSource } from "./plan.js";
import { readPtpServes } from "./ptp-entry.js";
import { recallServed } from "./recall-interface.js";
import type { RecoveredNumbers } from "./recover-domain-numbers.js";
import type { SourceIntent } from "./source-intent.js";
import type { WorldNode } from "./world.js";
import type { WorldIndex } from "./world-index.js";

/** PTP instances in NodeClock.spec.serves; NTP has a place of its own there. */
const mostServes = 8;

export interface Offer {
  readonly source: SourceIntent;
  /** Numbers under which its server serves it and will go on, as its domain is refused; null: it takes any. */
  readonly servedAs: readonly number[] | null;
}

export interface Offers {
  /** By TimeDomain, in order of name; every candidate has an entry. */
  readonly offered: ReadonlyMap<string, readonly Offer[]>;
  /** By TimeDomain; every candidate has an entry. */
  readonly unavailable: ReadonlyMap<string, readonly UnavailableSource[]>;
}

type Answer =
  | { readonly kind: "offered"; readonly servedAs: readonly number[] | null }
  | { readonly kind: "unavailable"; readonly why: string };

/** @param candidates those that stand, oldest first. */
export function offerSources(
  candidates: readonly Candidate[],
  recovered: RecoveredNumbers,
  held: ReadonlyMap<string, readonly HeldServes[]>,
  index: WorldIndex,
): Offers {
  const standing = new Map(candidates.map((candidate) => [candidate.domain.name, candidate] as const));
  const serves = new Map([...held].map(([node, entries]) => [node, new Set(entries.map(formatHeld))] as const));
  const offered = new Map<string, readonly Offer[]>();
  const unavailable = new Map<string, readonly UnavailableSource[]>();

  const askServer = (source: SourceIntent, nodeName: string): Answer => {
    const absent = explainAbsentOwner(source, index);
    if (absent !== null) return { kind: "unavailable", why: absent };
    const owner = index.claims.ownerOf.get(nodeName) ?? "";
    const ownerDomain = standing.get(owner)?.domain;
    const node = index.nodes.get(nodeName);
    if (ownerDomain === undefined || node === undefined) return askKept(source, nodeName, owner, recovered, index);
    const decision = assignRole(node, readTopology(ownerDomain.spec).roles, true);
    if (decision.role !== "Grandmaster") {
      return { kind: "unavailable", why: `spec.topology.roles of TimeDomain ${owner} demands ${decision.role} of node ${nodeName}` };
    }
    const served = serves.get(nodeName) ?? new Set();
    serves.set(nodeName, served);
    const entry = formatEntry(source, node, index);
    if (served.size >= mostServes && !served.has(entry)) {
      return { kind: "unavailable", why: `node ${nodeName} serves ${mostServes} sources already, the most it can` };
    }
    served.add(entry);
    return { kind: "offered", servedAs: null };
  };

  for (const { domain, sources } of candidates) {
    const offers: Offer[] = [];
    const refusals: UnavailableSource[] = [];
    for (const source of sources.toSorted((a, b) => compareText(a.name, b.name))) {
      const answer: Answer =
        source.origin.kind === "node" ? askServer(source, source.origin.nodeName) : { kind: "offered", servedAs: null };
      if (answer.kind === "offered") offers.push({ source, servedAs: answer.servedAs });
      else refusals.push({ source: source.name, message: `spec.sources[${source.index}]: ${answer.why}` });
    }
    offered.set(domain.name, offers);
    unavailable.set(domain.name, refusals);
  }
  return { offered, unavailable };
}

/** Sources that lead to one entry of NodeClock.spec.serves need one place: one instance by one interface. */
function formatEntry(source: SourceIntent, node: WorldNode, { previous }: WorldIndex): string {
  const remembered = recallServed(previous.get(node.name), source, null);
  const choice = chooseInterface(node, source.interfaces, remembered, "serve");
  return `${formatInstanceKey(source.domain, source.grandmaster)}/${choice.kind === "chosen" ? choice.name : ""}`;
}

function formatHeld({ domain, entry }: HeldServes): string {
  return `${formatInstanceKey(domain, entry.grandmasterRef.name)}/${entry.interface}`;
}

/**
 * A node whose domain is refused serves what it served, under the numbers it had. What is followed already and only waits for its interface
 * stays too: refusing its domain must not move the members of another.
 */
function askKept(source: SourceIntent, node: string, owner: string, recovered: RecoveredNumbers, { history }: WorldIndex): Answer {
  const { domain, grandmaster } = source;
  const kept = history.keepable.get(node);
  const followed = kept?.role === "Grandmaster" ? history.followed.get(domain)?.get(grandmaster) : undefined;
  const servedAs = (recovered.numbers.get(formatInstanceKey(domain, grandmaster)) ?? []).filter(
    (number) =>
      followed?.has(number) === true ||
      readPtpServes(kept ?? {}).some((entry) => entry.grandmasterRef.name === grandmaster && entry.domainNumber === number),
  );
  if (servedAs.length > 0) return { kind: "offered", servedAs };
  return { kind: "unavailable", why: `node ${node} belongs to TimeDomain ${owner}, which is refused, and does not serve it yet` };
}
