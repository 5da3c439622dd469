/**
 * The last look before a write. A process that was stopped may wake in the middle of a handler, long after another replica took
 * over, and before any timer has ended its term; this keeps the handler from writing. What was sent already is out of reach.
 */
import type { KubeClient } from "../client/kube-client.js";

/** `check` throws when nothing may be written any more. Reads pass: they hurt nobody. */
export function guardWrites(client: KubeClient, check: () => void): KubeClient {
  return {
    get: (type, ref, options) => client.get(type, ref, options),
    list: (type, options) => client.list(type, options),
    create: async (type, object, options) => (check(), client.create(type, object, options)),
    createSubresource: async (type, ref, subresource, body, options) => (
      check(), client.createSubresource(type, ref, subresource, body, options)
    ),
    apply: async (type, object, options) => (check(), client.apply(type, object, options)),
    applyStatus: async (type, object, options) => (check(), client.applyStatus(type, object, options)),
    patch: async (type, ref, body, options) => (check(), client.patch(type, ref, body, options)),
    patchStatus: async (type, ref, body, options) => (check(), client.patchStatus(type, ref, body, options)),
    delete: async (type, ref, options) => (check(), client.delete(type, ref, options)),
  };
}
