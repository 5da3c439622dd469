/** The KubeClient over a Transport. */
import type { Transport } from "../transport/transport.js";
import { apiVersionOf, type KubeObject, type ObjectRef, type ResourceType } from "../object/kube-object.js";
import type { ApplyOptions, Deletion, KubeClient, Manifest, PatchBody, WriteOptions } from "./kube-client.js";
import { listPages } from "./list-pages.js";
import { collectionPath, objectPath } from "./resource-path.js";

const patchContentTypes = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  // JSON is a subset of YAML, so this holds for every server that knows server-side apply.
  apply: "application/apply-patch+yaml",
} as const;

/** `fieldManager` names the writer when a call does not. */
export function createClient(transport: Transport, fieldManager: string): KubeClient {
  const writeQuery = (options: WriteOptions): Record<string, string | undefined> => ({
    fieldManager: options.fieldManager ?? fieldManager,
    dryRun: options.dryRun === true ? "All" : undefined,
  });
  const limits = ({ signal, timeoutMs }: WriteOptions) => ({ signal, timeoutMs });

  const apply = async <T extends KubeObject>(type: ResourceType<T>, object: Manifest, options: ApplyOptions, subresource?: string) =>
    (await transport.send({
      verb: "apply",
      path: objectPath(type, refOf(object), subresource),
      query: { ...writeQuery(options), force: String(options.force ?? true) },
      body: { ...object, apiVersion: apiVersionOf(type), kind: type.kind },
      contentType: patchContentTypes.apply,
      ...limits(options),
    })) as T;

  const patch = async <T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    body: PatchBody,
    options: WriteOptions,
    subresource?: string,
  ) =>
    (await transport.send({
      verb: "patch",
      path: objectPath(type, ref, subresource),
      query: writeQuery(options),
      body: body.patch,
      contentType: patchContentTypes[body.kind],
      ...limits(options),
    })) as T;

  return {
    get: async <T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options = {}) =>
      (await transport.send({ verb: "get", path: objectPath(type, ref), ...limits(options) })) as T,

    async list(type, options = {}) {
      const items = [];
      let resourceVersion = "";
      for await (const page of listPages(transport, type, options)) {
        items.push(...page.items);
        resourceVersion = page.resourceVersion;
      }
      return { items, resourceVersion };
    },

    create: async <T extends KubeObject>(type: ResourceType<T>, object: Manifest, options: WriteOptions = {}) =>
      (await transport.send({
        verb: "create",
        path: collectionPath(type, object.metadata.namespace),
        query: writeQuery(options),
        body: { ...object, apiVersion: apiVersionOf(type), kind: type.kind },
        ...limits(options),
      })) as T,

    createSubresource: async <R>(type: ResourceType, ref: ObjectRef, subresource: string, body: object, options: WriteOptions = {}) =>
      (await transport.send({
        verb: "create",
        path: objectPath(type, ref, subresource),
        query: writeQuery(options),
        body,
        ...limits(options),
      })) as R,

    apply: (type, object, options = {}) => apply(type, object, options),
    applyStatus: (type, object, options = {}) => apply(type, object, options, "status"),
    patch: (type, ref, body, options = {}) => patch(type, ref, body, options),
    patchStatus: (type, ref, body, options = {}) => patch(type, ref, body, options, "status"),

    async delete(type, ref, options = {}) {
      const { propagationPolicy, gracePeriodSeconds, preconditions } = options;
      const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, gracePeriodSeconds, preconditions };
      return readDeletion(await transport.send({ verb: "delete", path: objectPath(type, ref), body, ...limits(options) }));
    },
  };
}

function refOf({ metadata }: Manifest): ObjectRef {
  return { name: metadata.name ?? "", namespace: metadata.namespace };
}

/** The API server answers with a Status when the object is gone, and with the object while something still holds it. */
function readDeletion<T extends KubeObject>(answer: unknown): Deletion<T> {
  const object = answer as T & { readonly details?: { readonly uid?: string } };
  if (object.kind === "Status") return { kind: "gone", uid: object.details?.uid };
  // Some types answer with their last state although nothing held them back; those carry no deletionTimestamp.
  if (object.metadata.deletionTimestamp === undefined) return { kind: "gone", uid: object.metadata.uid };
  return { kind: "terminating", object };
}
