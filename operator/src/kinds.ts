/** The resource types that the operator reads and writes, as kopf-ts wants them. */
import {
  type ClockProfileSpec,
  type ClockProfileStatus,
  clockProfile,
  type GrandmasterSpec,
  type GrandmasterStatus,
  grandmaster,
  group,
  type NodeClockSpec,
  type NodeClockStatus,
  nodeClock,
  type ResourceDefinition,
  type TimeDomainSpec,
  type TimeDomainStatus,
  timeDomain,
  version,
} from "@meridian/crds";
import type { KubeObject, ResourceType } from "kopf-ts";

export interface OurObject<Spec, Status> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status;
}

export type TimeDomain = OurObject<TimeDomainSpec, TimeDomainStatus>;
export type Grandmaster = OurObject<GrandmasterSpec, GrandmasterStatus>;
export type ClockProfile = OurObject<ClockProfileSpec, ClockProfileStatus>;
export type NodeClock = OurObject<NodeClockSpec, NodeClockStatus>;

function ours<Spec, Status>({ kind, plural }: ResourceDefinition<Spec, Status>): ResourceType<OurObject<Spec, Status>> {
  return { group, version, plural, kind, namespaced: false };
}

export const TimeDomains = ours(timeDomain);
export const Grandmasters = ours(grandmaster);
export const ClockProfiles = ours(clockProfile);
export const NodeClocks = ours(nodeClock);

/** What is kept of a Node. */
export interface Node extends KubeObject {
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}
export const Nodes: ResourceType<Node> = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };

export interface Secret extends KubeObject {
  readonly type?: string;
  /** base64. */
  readonly data?: Readonly<Record<string, string>>;
}
export const Secrets: ResourceType<Secret> = { group: "", version: "v1", plural: "secrets", kind: "Secret", namespaced: true };

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
export const ConfigMaps: ResourceType<ConfigMap> = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };

export interface TokenReview extends KubeObject {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: readonly string[];
    readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  };
}
export const TokenReviews: ResourceType<TokenReview> = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
};

export const CustomResourceDefinitions: ResourceType = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
};
