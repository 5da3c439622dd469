/** All rules of an account, so that whatever the table of requests does not name is refused, too. */
import { operatorNamespace } from "../../lab/cluster.js";
import type { CallerName } from "./callers.js";
import { kinds } from "./calls.js";

/** Everything that the API server lets an account do beyond what everybody may; `*` namespaces: anywhere. */
export const everything: readonly { readonly caller: CallerName; readonly namespace: string; readonly rules: readonly string[] }[] = [
  { caller: "operator", namespace: operatorNamespace, rules: [...operatorEverywhere(), ...eventRules(), ...operatorAtHome()] },
  { caller: "operator", namespace: "default", rules: [...operatorEverywhere(), ...eventRules()] },
  { caller: "operator", namespace: "kube-system", rules: operatorEverywhere() },
  ...[operatorNamespace, "default", "kube-system"].map((namespace) => ({ caller: "agent" as const, namespace, rules: [] })),
  { caller: "stranger", namespace: "default", rules: [] },
  {
    caller: "admin",
    namespace: operatorNamespace,
    rules: [
      ...["timedomains", "grandmasters", "clockprofiles"].flatMap((plural) =>
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"].map(
          (verb) => `${verb} ${plural}.time.meridian.io`,
        ),
      ),
      ...readRules("nodeclocks"),
    ],
  },
  {
    caller: "sourceEditor",
    namespace: operatorNamespace,
    rules: [
      ...["create", "delete", "patch", "update"].map((verb) => `${verb} grandmasters.time.meridian.io`),
      ...readRules("timedomains", "grandmasters", "clockprofiles", "nodeclocks"),
    ],
  },
];

export function readRules(...plurals: string[]): string[] {
  return plurals.flatMap((plural) => ["get", "list", "watch"].map((verb) => `${verb} ${plural}.time.meridian.io`));
}
function operatorEverywhere(): string[] {
  return [
    ...["get", "list", "watch"].map((verb) => `${verb} nodes.`),
    ...readRules("timedomains", "grandmasters", "clockprofiles", "nodeclocks"),
    ...["create", "patch", "delete"].map((verb) => `${verb} nodeclocks.time.meridian.io`),
    ...kinds.map(([plural]) => `patch ${plural}/status.time.meridian.io`),
    "create tokenreviews.authentication.k8s.io",
    ...kinds.map(([plural]) => `get customresourcedefinitions.apiextensions.k8s.io ${plural}.time.meridian.io`),
  ];
}
function eventRules(): string[] {
  return ["create events.events.k8s.io", "patch events.events.k8s.io"];
}
function operatorAtHome(): string[] {
  return [
    ...["get", "patch", "delete"].map((verb) => `${verb} secrets. meridian-hub-tls`),
    ...["get", "patch"].map((verb) => `${verb} configmaps. meridian-hub-ca`),
    ...["get", "patch"].map((verb) => `${verb} leases.coordination.k8s.io meridian-operator`),
    "create secrets.",
    "create configmaps.",
    "create leases.coordination.k8s.io",
  ];
}
