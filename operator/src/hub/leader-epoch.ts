/**
 * The leader's epoch: a number that grows with every operator that takes over, so that agents can refuse one that was replaced
 * and does not know it yet (fencing). It is the Lease's count of transitions, which survives every operator.
 */
import { ApiError, isNotFound, type KubeClient } from "kopf-ts";
import { Leases } from "../kinds.js";

const leaseName = "meridian-operator";
const attempts = 5;

/** @returns the new epoch, ≥ 1, higher than any before it. @throws what the API server answered */
export async function claimLeaderEpoch(client: KubeClient, namespace: string, holder: string, now: () => Date): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await claimOnce(client, namespace, holder, now());
    } catch (error) {
      // Somebody else claimed between our read and our write: theirs is the older epoch then.
      if (attempt >= attempts || !(error instanceof ApiError) || error.status !== 409) throw error;
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
