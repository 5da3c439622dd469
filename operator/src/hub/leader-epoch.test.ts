import { describe, expect, it } from "vitest";
import { MemoryClient } from "../testing/memory-client.js";
import { LeaderEpoch } from "./leader-epoch.js";

const now = () => new Date("2026-01-01T00:00:00Z");
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const leaseId = "leases.v1.coordination.k8s.io/ns/meridian-operator";
const claim = (memory: MemoryClient, holder: string) => LeaderEpoch.claim(memory.client, "ns", holder, log, now);

describe("the leader's epoch", () => {
  it("grows with every operator that takes over", async () => {
    const memory = new MemoryClient();
    for (const epoch of [1, 2, 3]) expect((await claim(memory, `op-${String(epoch)}`)).current).toBe(epoch);
  });

  it("is never the same for two that claim at once", async () => {
    const memory = new MemoryClient();
    const epochs = await Promise.all(["a", "b", "c"].map((holder) => claim(memory, holder)));
    expect(new Set(epochs.map(({ current }) => current)).size).toBe(3);
  });

  it("rises to what an agent has seen when the Lease was lost, and the next operator goes on from there", async () => {
    const memory = new MemoryClient();
    const epoch = await claim(memory, "op");
    await Promise.all([epoch.outrank(40), epoch.outrank(12), epoch.outrank(41)]);
    expect(epoch.current).toBe(41);
    expect((await claim(memory, "next")).current).toBe(42);
  });

  it("does not rise for an operator that was replaced, nor for a number that cannot be", async () => {
    const memory = new MemoryClient();
    const replaced = await claim(memory, "old");
    const leader = await claim(memory, "new");
    await replaced.outrank(50);
    expect(replaced.current).toBe(1);
    await leader.outrank(1003);
    await leader.outrank(2 ** 60);
    await leader.outrank(Number.NaN);
    expect(leader.current).toBe(2);
  });

  it("stays as it is while the API server does not answer", async () => {
    const memory = new MemoryClient();
    const epoch = await claim(memory, "op");
    memory.objects.delete(leaseId);
    await epoch.outrank(9);
    expect(epoch.current).toBe(1);
  });
});
