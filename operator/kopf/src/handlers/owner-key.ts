/** The parent that a child names as its controller. */
import { type KubeObject, keyOf, type ObjectKey, type ResourceType } from "../object/kube-object.js";

/** At most one key. Versions are not compared: an owner reference outlives the version it was written with. */
export function ownerKey(parent: ResourceType, child: KubeObject): ObjectKey[] {
  const owner = child.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined || owner.kind !== parent.kind || groupOf(owner.apiVersion) !== parent.group) return [];
  return [keyOf({ name: owner.name, namespace: parent.namespaced ? child.metadata.namespace : undefined })];
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}
