/** The Lease object (coordination.k8s.io/v1), as far as leader election reads and writes it. */
import type { KubeObject, ResourceType } from "../object/kube-object.js";

export interface LeaseSpec {
  /** Empty or absent: nobody's. */
  readonly holderIdentity?: string;
  /** Whole seconds, ≥ 1. */
  readonly leaseDurationSeconds?: number;
  /** RFC 3339 with microseconds, for people: nothing here is ever decided by it. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  /** int32; absent counts as 0. */
  readonly leaseTransitions?: number;
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export const Leases: ResourceType<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};
