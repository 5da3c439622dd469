import { describe, expect, it } from "vitest";
import { MemoryClient } from "../testing/memory-client.js";
import { claimLeaderEpoch } from "./leader-epoch.js";

const now = () => new Date("2026-01-01T00:00:00Z");

describe("the leader's epoch", () => {
  it("grows with every operator that takes over", async () => {
    const { client } = new MemoryClient();
    for (const epoch of [1, 2, 3]) expect(await claimLeaderEpoch(client, "ns", `op-${String(epoch)}`, now)).toBe(epoch);
  });

  it("is never the same for two that claim at once", async () => {
    const { client } = new MemoryClient();
    const epochs = await Promise.all(["a", "b", "c"].map((holder) => claimLeaderEpoch(client, "ns", holder, now)));
    expect(new Set(epochs).size).toBe(3);
  });
});
