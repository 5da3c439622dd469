/** Requests that the tables are made of. Writes are dry runs. */
import { operatorNamespace } from "../../lab/cluster.js";
import type { Call } from "../../lab/impersonation.js";

export const ours = "/apis/time.meridian.io/v1alpha1";
export const core = "/api/v1";
export const own = `${core}/namespaces/${operatorNamespace}`;
export const leases = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases`;
export const events = (namespace: string) => `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
export const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

export const dry = (path: string): string => `${path}?dryRun=All`;
export const get = (path: string): Call => ({ method: "GET", path });
export const create = (path: string, body: object): Call => ({ method: "POST", path: dry(path), body });
export const merge = (path: string, body: object): Call => ({ method: "PATCH", path: dry(path), body, patch: "merge" });
export const apply = (path: string, body: object): Call => ({ method: "PATCH", path: dry(path), body, patch: "apply" });
export const remove = (path: string): Call => ({ method: "DELETE", path: dry(path) });

export const timeObject = (kind: string, name: string, spec?: object, status?: object) => ({
  apiVersion: "time.meridian.io/v1alpha1",
  kind,
  metadata: { name },
  ...(spec ? { spec } : {}),
  ...(status ? { status } : {}),
});
export const domain = (name: string) =>
  timeObject("TimeDomain", name, {
    objective: { maxErrorNanoseconds: 1000 },
    members: { nodeSelector: {} },
    sources: [{ name: "roof", grandmasterRef: { name: "roof" } }],
  });
export const grandmaster = (name: string) =>
  timeObject("Grandmaster", name, {
    type: "Node",
    node: { nodeName: "n1", reference: { type: "SystemClock" } },
    calibration: { uncertaintyNanoseconds: 1000 },
  });
export const profile = (name: string) => timeObject("ClockProfile", name, { ptp: { base: "lan-e2e" } });
export const nodeClock = (name: string) =>
  timeObject("NodeClock", name, { nodeName: name, domainRef: { name: "plant" }, role: "OrdinaryClock", roleReason: "FollowsSources" });
export const status = { observedGeneration: 1 };
export const named = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name },
  ...more,
});
export const event = (namespace: string, kind: string) => ({
  ...named("events.k8s.io/v1", "Event", "e1"),
  metadata: { name: "e1", namespace },
  eventTime: "2026-01-01T00:00:00.000000Z",
  type: "Normal",
  reason: "Looked",
  action: "Look",
  reportingController: "time.meridian.io/operator",
  reportingInstance: "operator-1",
  // An object without a namespace has its events in "default".
  regarding:
    kind === "Pod" ? { apiVersion: "v1", kind, namespace, name: "p" } : { apiVersion: "time.meridian.io/v1alpha1", kind, name: "plant" },
  note: "a test",
});
export const tokenReview = create("/apis/authentication.k8s.io/v1/tokenreviews", {
  ...named("authentication.k8s.io/v1", "TokenReview", ""),
  spec: { token: "x" },
});
export const kinds = [
  ["timedomains", "plant"],
  ["grandmasters", "roof"],
  ["clockprofiles", "lan"],
  ["nodeclocks", "n1"],
] as const;

/** allowed; by RBAC: the role does not say so; by admission: a policy refuses what the role allows; 401: who are you? */
export type Verdict = "allowed" | "refused by RBAC" | "refused by admission";
export type Row = readonly [what: string, call: Call];

export function clusterAdminBinding(name: string, user: string) {
  return {
    ...named("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", name),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
  };
}

/** The NodeClock that stands, with another role; its resourceVersion is filled in once it is known. */
export function standing(role: string) {
  const object = nodeClock("n1");
  return { ...object, metadata: { name: "n1", resourceVersion: "" }, spec: { ...(object.spec as object), role } };
}
