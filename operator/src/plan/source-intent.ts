/** A source as the user meant it: the TimeDomain's entry and its Grandmaster in one, defaults applied, nothing decided yet. */
import type { GrandmasterSpec, TimeDomainSpec } from "@meridian/crds";
import { readIndependenceGroup } from "./independence-group.js";
import type { WorldDomain, WorldGrandmaster } from "./world.js";

export type SourceUse = NonNullable<TimeDomainSpec["sources"][number]["use"]>;

/** Where the time comes from. */
export type SourceOrigin =
  | { readonly kind: "node"; readonly nodeName: string }
  /** address: the only one it may send from; null: several, or known by its identity only. */
  | { readonly kind: "external-ptp"; readonly domainNumber: number; readonly address: string | null }
  /** IPv4 or DNS name. It has no PTP domain, and no interface: packets go where routing sends them. */
  | { readonly kind: "external-ntp"; readonly address: string };

export interface SourceIntent {
  readonly domain: string;
  /** In spec.sources, for messages. */
  readonly index: number;
  readonly name: string;
  readonly grandmaster: string;
  readonly origin: SourceOrigin;
  /** Higher wins. */
  readonly priority: number;
  readonly use: SourceUse;
  /** In order of preference; null: the node's own choice. Of an NTP server always null. */
  readonly interfaces: readonly string[] | null;
  readonly independenceGroup: string;
  /** ns; 0 when the Grandmaster states none: it announces its own then. */
  readonly uncertaintyNanoseconds: number;
  /** It spreads leap seconds over hours. */
  readonly leapSmear: boolean;
}

/** @returns null when the Grandmaster lacks the section of its type, which the API server does not let in. */
export function readSource(domain: WorldDomain, index: number, grandmaster: WorldGrandmaster): SourceIntent | null {
  const source = domain.spec.sources[index];
  const origin = readOrigin(grandmaster.spec);
  if (source === undefined || origin === null) return null;
  return {
    domain: domain.name,
    index,
    name: source.name,
    grandmaster: grandmaster.name,
    origin,
    priority: source.priority ?? 100,
    use: source.use ?? "Primary",
    interfaces: origin.kind === "external-ntp" ? null : (source.interfaces ?? null),
    independenceGroup: readIndependenceGroup(grandmaster.name, grandmaster.spec),
    uncertaintyNanoseconds: grandmaster.spec.calibration?.uncertaintyNanoseconds ?? 0,
    leapSmear: grandmaster.spec.externalNTP?.leapSmear ?? false,
  };
}

function readOrigin({ type, node, externalNTP, externalPTP }: GrandmasterSpec): SourceOrigin | null {
  if (type === "Node") return node === undefined ? null : { kind: "node", nodeName: node.nodeName };
  if (type === "ExternalNTP") return externalNTP === undefined ? null : { kind: "external-ntp", address: externalNTP.address };
  if (externalPTP === undefined) return null;
  const { addresses = [], domainNumber } = externalPTP;
  return { kind: "external-ptp", domainNumber, address: addresses.length === 1 ? (addresses[0] ?? null) : null };
}
