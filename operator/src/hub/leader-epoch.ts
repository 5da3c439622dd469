/**
 * The leader's epoch: a number that grows with every operator that takes over, so that agents can refuse one that was replaced
 * and does not know it yet (fencing). It is the Lease's count of transitions, which survives every operator.
 *
 * It does not survive everything: a Lease that somebody deletes or a restored backup begins lower than what agents have seen, and
 * they would refuse the only operator there is. So an agent says the newest epoch that it obeyed, and an operator that is
 * outranked and still holds the Lease raises its own.
 */
import { ApiError, isNotFound, type KubeClient, type Log } from "kopf-ts";
import { messageOf } from "../errors.js";
import { Leases } from "../kinds.js";

const leaseName = "meridian-operator";
const attempts = 5;
/** Further ahead than any number of operators could have come: an agent that says so is wrong, and raises nothing. */
const farthest = 1000;
/** leaseTransitions is an int32; nobody may drive it to where no operator could take over any more. */
const mostEpoch = 2 ** 31 - 100_000;

export class LeaderEpoch {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #holder: string;
  readonly #log: Log;
  #current: number;
  #raising: Promise<void> = Promise.resolve();

  private constructor(client: KubeClient, namespace: string, holder: string, log: Log, current: number) {
    this.#client = client;
    this.#namespace = namespace;
    this.#holder = holder;
    this.#log = log;
    this.#current = current;
  }

  /** Takes over: higher than any epoch of this Lease before, ≥ 1. @throws what the API server answered */
  static async claim(client: KubeClient, namespace: string, holder: string, log: Log, now: () => Date): Promise<LeaderEpoch> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return new LeaderEpoch(client, namespace, holder, log, await claimOnce(client, namespace, holder, now()));
      } catch (error) {
        // Somebody else claimed between our read and our write: theirs is the older epoch then.
        if (attempt >= attempts || !(error instanceof ApiError) || error.status !== 409) throw error;
      }
    }
  }

  get current(): number {
    return this.#current;
  }

  /** Sees to it that `current` ≥ `seen`, if we are the leader still. Never throws: one who was replaced stays outranked. */
  outrank(seen: number): Promise<void> {
    if (seen <= this.#current) return Promise.resolve();
    this.#raising = this.#raising.then(() => this.#raise(seen));
    return this.#raising;
  }

  async #raise(seen: number): Promise<void> {
    if (seen <= this.#current) return;
    if (!Number.isSafeInteger(seen) || seen - this.#current > farthest || seen > mostEpoch) {
      this.#log.warn({ seen, epoch: this.#current }, "an agent claims an epoch that cannot be");
      return;
    }
    try {
      const ref = { name: leaseName, namespace: this.#namespace };
      const lease = await this.#client.get(Leases, ref);
      if (lease.spec?.holderIdentity !== this.#holder) return;
      const metadata = { resourceVersion: lease.metadata.resourceVersion };
      await this.#client.patch(Leases, ref, { kind: "merge", patch: { metadata, spec: { leaseTransitions: seen } } });
      this.#log.warn({ from: this.#current, to: seen }, "raised the leader's epoch: agents had seen a newer one");
      this.#current = seen;
    } catch (error) {
      this.#log.warn({ seen, epoch: this.#current, reason: messageOf(error) }, "cannot raise the leader's epoch now");
    }
  }
}

async function claimOnce(client: KubeClient, namespace: string, holder: string, now: Date): Promise<number> {
  const time = now.toISOString().replace("Z", "000Z");
  const spec = (leaseTransitions: number) => ({ holderIdentity: holder, leaseTransitions, acquireTime: time, renewTime: time });
  try {
    const lease = await client.get(Leases, { name: leaseName, namespace });
    const epoch = (lease.spec?.leaseTransitions ?? 0) + 1;
    const metadata = { resourceVersion: lease.metadata.resourceVersion };
    await client.patch(Leases, { name: leaseName, namespace }, { kind: "merge", patch: { metadata, spec: spec(epoch) } });
    return epoch;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await client.create(Leases, { metadata: { name: leaseName, namespace }, spec: spec(1) });
  return 1;
}
