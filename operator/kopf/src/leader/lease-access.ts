/** Reading and writing one Lease, every request with a time limit of its own that holds whatever the client below does. */
import type { CallOptions, KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { startDeadline } from "../clock/deadline.js";
import { isNotFound, KopfError } from "../errors.js";
import { type Lease, Leases, type LeaseSpec } from "./lease.js";

export interface RequestLimit {
  /** Milliseconds for the complete answer, retries included. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** All methods throw what the client throws, and KOPF_TRANSPORT_TIMEOUT; after that a write may still arrive. */
export interface LeaseAccess {
  /** Undefined: there is none. */
  read(limit: RequestLimit): Promise<Lease | undefined>;
  /** 409 when it exists. */
  create(spec: LeaseSpec, annotations: Annotations, limit: RequestLimit): Promise<Lease>;
  /** 409 unless it still is at `resourceVersion`. Fields, labels and annotations of others stay; null removes. */
  overwrite(resourceVersion: string, spec: LeaseSpec, annotations: Annotations, limit: RequestLimit): Promise<Lease>;
}

export interface LeaseRef {
  readonly name: string;
  readonly namespace: string;
}

export type Annotations = Readonly<Record<string, string | null>>;

export function createLeaseAccess(client: KubeClient, ref: LeaseRef, clock: Clock): LeaseAccess {
  const limited = async <R>({ limitMs, signal }: RequestLimit, call: (options: CallOptions) => Promise<R>): Promise<R> => {
    const late = (): Error => new KopfError("KOPF_TRANSPORT_TIMEOUT", `lease ${ref.name}: no answer within ${Math.round(limitMs)} ms`);
    const deadline = startDeadline(clock, limitMs, signal, late);
    try {
      // The client keeps the limit too; but it may hang where it does not look at its signal, e.g. in a credential plugin.
      const over = new Promise<never>((_resolve, reject) => {
        const fail = (): void => reject(deadline.signal.reason as Error);
        if (deadline.signal.aborted) fail();
        else deadline.signal.addEventListener("abort", fail, { once: true });
      });
      return await Promise.race([over, call({ timeoutMs: limitMs, signal: deadline.signal })]);
    } finally {
      deadline.clear();
    }
  };

  return {
    read: (limit) =>
      limited(limit, (options) =>
        client.get(Leases, ref, options).catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        }),
      ),
    create: (spec, annotations, limit) =>
      limited(limit, (options) => client.create(Leases, { metadata: { ...ref, annotations }, spec }, options)),
    overwrite: (resourceVersion, spec, annotations, limit) =>
      limited(limit, (options) =>
        client.patch(Leases, ref, { kind: "merge", patch: { metadata: { resourceVersion, annotations }, spec } }, options),
      ),
  };
}
