/** In whose names requests are sent. */
import { operatorNamespace } from "../../lab/cluster.js";
import type { Caller } from "../../lab/impersonation.js";

const serviceAccount = (namespace: string, name: string): Caller => ({
  user: `system:serviceaccount:${namespace}:${name}`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
});
const person = (user: string): Caller => ({ user, groups: ["system:authenticated"] });

export const callers = {
  operator: serviceAccount(operatorNamespace, "meridian-operator"),
  agent: serviceAccount(operatorNamespace, "meridian-agent"),
  admin: person("bound-to-meridian-admin"),
  sourceEditor: person("bound-to-meridian-source-editor"),
  viewer: person("bound-to-view"),
  editor: person("bound-to-edit"),
  clusterAdmin: { user: "root", groups: ["system:masters", "system:authenticated"] },
  /** RBAC lets it write NodeClocks and statuses, as many a GitOps tool's account does. */
  gitops: person("bound-to-writing-nodeclocks"),
  garbageCollector: serviceAccount("kube-system", "generic-garbage-collector"),
  stranger: serviceAccount("default", "default"),
  nobody: person("bound-to-nothing"),
  anonymous: { user: "system:anonymous", groups: ["system:unauthenticated"] },
} satisfies Record<string, Caller>;
export type CallerName = keyof typeof callers;
