/**
 * One shape for an object, however it arrived: items of a list lack type and version, and everything carries managedFields,
 * which are often half of its size and of no use to a reader.
 */
import { apiVersionOf, type KubeObject, type ResourceType } from "../object/kube-object.js";

/** A new object with type and version in front and without managedFields; everything else by reference. */
export function normalizeObject(type: ResourceType, raw: KubeObject): KubeObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = raw;
  const { managedFields: _managedFields, ...kept } = metadata as typeof metadata & { readonly managedFields?: unknown };
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata: kept, ...rest };
}
