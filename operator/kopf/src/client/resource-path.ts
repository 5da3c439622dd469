/** Where a resource lives. Names are escaped, because RBAC names such as `system:node` may hold what a URL may not. */
import { KopfError } from "../errors.js";
import type { ObjectRef, ResourceType } from "../object/kube-object.js";

/** `/apis/apps/v1/namespaces/ns/deployments`; without a namespace the collection of all namespaces. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${type.plural}`;
}

/** Throws KOPF_CONFIG_INVALID when a namespaced type is named without its namespace: it would address something else. */
export function objectPath(type: ResourceType, { name, namespace }: ObjectRef, subresource?: string): string {
  if (type.namespaced && !namespace) throw new KopfError("KOPF_CONFIG_INVALID", `${type.kind} ${name} needs a namespace`);
  if (!name) throw new KopfError("KOPF_CONFIG_INVALID", `${type.kind} without a name`);
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
