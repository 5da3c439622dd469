import { describe, expect, it } from "vitest";
import { FakeLeadership } from "../testing/fake-leadership.js";
import { HubLeadership } from "./hub-leadership.js";

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
function aLeadership() {
  const lease = new FakeLeadership();
  return { lease, leadership: new HubLeadership(lease, () => "10.0.0.1:9463", log) };
}

describe("who may give orders", () => {
  it("rises to what an agent has seen when the Lease was lost", async () => {
    const { lease, leadership } = aLeadership();
    lease.lead(1);
    await Promise.all([leadership.outrank(40), leadership.outrank(12), leadership.outrank(41)]);
    expect(leadership.epoch).toBe(41);
  });

  it("does not rise for a replica that was replaced, nor to a number that cannot be", async () => {
    const { lease, leadership } = aLeadership();
    lease.leave("10.0.0.2:9463");
    await leadership.outrank(50);
    expect(leadership.epoch).toBeNull();
    lease.lead(2);
    for (const seen of [1003, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY, 2.5]) await leadership.outrank(seen);
    expect(leadership.epoch).toBe(2);
    lease.raises = false;
    await leadership.outrank(9);
    expect(leadership.epoch).toBe(2);
  });

  it("knows where the leader is, unless that is itself or nobody", () => {
    const { lease, leadership } = aLeadership();
    expect(leadership.leaderEndpoint).toBeNull();
    lease.leave("10.0.0.2:9463");
    expect(leadership.leaderEndpoint).toBe("10.0.0.2:9463");
    lease.leave("10.0.0.1:9463");
    expect(leadership.leaderEndpoint).toBeNull();
    lease.leave("10.0.0.2:9463");
    lease.lead(3);
    expect(leadership.leaderEndpoint).toBeNull();
  });
});
