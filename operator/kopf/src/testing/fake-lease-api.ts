/** One Lease in memory with the API server's rules for it, behind a network that a test can make as bad as it likes. */
import type { CallOptions, KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { ApiError } from "../errors.js";
import type { Lease, LeaseSpec } from "../leader/lease.js";

/** What becomes of one request, in milliseconds; `Infinity` = never. */
export interface Fate {
  /** Until the server executes it. */
  readonly arrivesAfterMs: number;
  /** From then until the answer is here. */
  readonly answersAfterMs: number;
  /** Instead of being executed. */
  readonly refusal?: ApiError;
}

export const promptly: Fate = { arrivesAfterMs: 1, answersAfterMs: 1 };

export interface FakeLeaseApi {
  lease: Lease | undefined;
  /** Every Lease there was, in each of its versions; each creation has a uid of its own. */
  readonly versions: readonly Lease[];
  /** `GET`, `POST` or `PATCH`, as executed. */
  readonly executed: string[];
  /** What kubectl would do; assigns the next version. */
  put(spec: LeaseSpec, annotations?: Readonly<Record<string, string>>): void;
  /** A client whose requests meet the fates and whose answers arrive by `deliver` (a stopped process takes none). */
  clientFor(clock: Clock, fate: () => Fate, deliver?: (answer: () => void) => void): KubeClient;
}

interface LeasePatch {
  readonly metadata: { readonly resourceVersion?: string; readonly annotations?: Readonly<Record<string, string | null>> };
  readonly spec: LeaseSpec;
}

export function createFakeLeaseApi(): FakeLeaseApi {
  let version = 0;
  let created = 0;
  const versions: Lease[] = [];
  const refuse = (status: number): never => {
    throw new ApiError(`lease: ${status}`, { status, reason: "" });
  };
  const store = (spec: LeaseSpec, annotations: Readonly<Record<string, string>>): Lease => {
    const uid = api.lease?.metadata.uid ?? `uid-${++created}`;
    const metadata = { name: "l", namespace: "ns", uid, resourceVersion: String(++version), annotations };
    api.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    versions.push(api.lease);
    return api.lease;
  };

  const request = <R>(clock: Clock, fate: Fate, deliver: (answer: () => void) => void, signal: AbortSignal | undefined, execute: () => R) =>
    new Promise<R>((resolve, reject) => {
      // The caller gives up; the request does not know and may arrive all the same.
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      const answer = (settle: () => void): void => {
        if (Number.isFinite(fate.answersAfterMs)) clock.setTimer(() => deliver(settle), fate.answersAfterMs);
      };
      const arrive = (): void => {
        try {
          if (fate.refusal !== undefined) throw fate.refusal;
          const result = execute();
          answer(() => resolve(result));
        } catch (error) {
          answer(() => reject(error));
        }
      };
      if (Number.isFinite(fate.arrivesAfterMs)) clock.setTimer(arrive, fate.arrivesAfterMs);
    });

  const api: FakeLeaseApi = {
    lease: undefined,
    versions,
    executed: [],
    put: (spec, annotations = {}) => void store(spec, annotations),
    clientFor(clock, fate, deliver = (answer) => answer()) {
      const call = <R>(options: CallOptions | undefined, execute: () => R): Promise<R> =>
        request(clock, fate(), deliver, options?.signal, execute);
      const client = {
        get: (_type: unknown, _ref: unknown, options?: CallOptions) =>
          call(options, () => {
            api.executed.push("GET");
            return api.lease ?? refuse(404);
          }),
        create: (_type: unknown, object: Lease, options?: CallOptions) =>
          call(options, () => {
            api.executed.push("POST");
            if (api.lease !== undefined) refuse(409);
            return store(object.spec ?? {}, object.metadata.annotations ?? {});
          }),
        patch: (_type: unknown, _ref: unknown, { patch }: { patch: LeasePatch }, options?: CallOptions) =>
          call(options, () => {
            api.executed.push("PATCH");
            const before = api.lease ?? refuse(404);
            if (patch.metadata.resourceVersion !== before.metadata.resourceVersion) refuse(409);
            const merged = Object.entries({ ...before.metadata.annotations, ...patch.metadata.annotations });
            const annotations = Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
            return store({ ...before.spec, ...patch.spec }, annotations);
          }),
      };
      return client as unknown as KubeClient;
    },
  };
  return api;
}
