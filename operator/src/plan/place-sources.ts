/** Where a settled source is: who serves it by which interface, at which address, and with what it fails together. */
import { chooseInterface, type InterfaceChoice } from "./choose-interface.js";
import { compareText } from "./compare-text.js";
import { readTopology } from "./domain-topology.js";
import { readFailureDomain } from "./failure-domain.js";
import { readPtpServes } from "./ptp-entry.js";
import { recallServed } from "./recall-interface.js";
import type { NumberedSource, StandingDomain } from "./settle-sources.js";
import type { WorldNode } from "./world.js";
import type { WorldIndex } from "./world-index.js";

export interface PlacedSource extends NumberedSource {
  /** Null: somebody outside serves it. */
  readonly servedBy: string | null;
  /** How its node serves it; null: nothing to decide, as it is external or its node stays as it was. */
  readonly serving: InterfaceChoice | null;
  /** IPv4, of an NTP server perhaps a DNS name; null: unknown. */
  readonly address: string | null;
  readonly failureDomain: string;
}

/** @returns sources in order of preference: priority, then name. */
export function placeSources(domain: StandingDomain, standing: ReadonlyMap<string, unknown>, index: WorldIndex): readonly PlacedSource[] {
  const { failureDomainKey } = readTopology(domain.candidate.domain.spec);
  return domain.sources
    .map((source): PlacedSource => {
      const { origin, grandmaster } = source.intent;
      if (origin.kind !== "node") {
        return { ...source, servedBy: null, serving: null, address: origin.address, failureDomain: `external/${grandmaster}` };
      }
      const node = index.nodes.get(origin.nodeName);
      if (node === undefined) throw new Error(`source ${source.intent.name} was settled on node ${origin.nodeName}, which does not exist`);
      const place = { servedBy: node.name, failureDomain: readFailureDomain(node, failureDomainKey) };
      if (!standing.has(index.claims.ownerOf.get(node.name) ?? "")) {
        return { ...source, ...place, serving: null, address: findKeptAddress(node, source, index) };
      }
      const serving = chooseServing(node, source, index);
      return { ...source, ...place, serving, address: serving.kind === "chosen" ? serving.address : readUnheardAddress(node) };
    })
    .toSorted((a, b) => b.intent.priority - a.intent.priority || compareText(a.intent.name, b.intent.name));
}

function chooseServing(node: WorldNode, { intent, domainNumber }: NumberedSource, { previous }: WorldIndex): InterfaceChoice {
  const remembered = node.capabilities === null ? recallServed(previous.get(node.name), intent, domainNumber) : null;
  return chooseInterface(node, intent.interfaces, remembered, "serve");
}

/** Before its agent is heard a node is reached where Kubernetes reaches it. */
function readUnheardAddress(node: WorldNode): string | null {
  return node.capabilities === null ? node.internalAddress : null;
}

/** What its plan would choose now, if that is what it serves on; else what it does serve on. */
function findKeptAddress(node: WorldNode, source: NumberedSource, index: WorldIndex): string | null {
  if (node.capabilities === null) return node.internalAddress;
  const wanted = chooseServing(node, source, index);
  if (wanted.kind !== "chosen") return null;
  const standing = index.previous.get(node.name);
  const isServed = readPtpServes(standing ?? {}).some(
    ({ domainNumber, interface: name }) => domainNumber === source.domainNumber && name === wanted.name,
  );
  const name = isServed ? wanted.name : recallServed(standing, source.intent, source.domainNumber);
  return node.capabilities.interfaces.find((candidate) => candidate.name === name)?.addresses[0] ?? null;
}
