import { describe, expect, it } from "vitest";
import { FakeLeadership } from "../testing/fake-leadership.js";
import { HubLeadership } from "./hub-leadership.js";

function aLeadership() {
  let now = 0;
  const lines: object[] = [];
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, error: nothing, warn: (fields: object) => void lines.push(fields) };
  const lease = new FakeLeadership();
  const leadership = new HubLeadership(
    lease,
    () => "10.0.0.1:9463",
    log,
    () => now,
  );
  return { lease, leadership, lines, wait: (ms: number) => (now += ms) };
}

describe("who may give orders", () => {
  it("rises to what an agent has seen when the Lease was lost, and says whose it was", async () => {
    const { lease, leadership, lines } = aLeadership();
    lease.lead(1);
    await leadership.outrank(40, "worker");
    expect(leadership.epoch).toBe(40);
    expect(lines).toEqual([{ code: "MER_HUB_EPOCH", node: "worker", epoch: 1, seen: 40 }]);
  });

  it("rises however far the Lease has fallen: nobody is locked out by its loss", async () => {
    const { lease, leadership } = aLeadership();
    lease.lead(1);
    await leadership.outrank(150_000, "worker");
    expect(leadership.epoch).toBe(150_000);
  });

  it("rises once in a while only, so that nobody drives the Lease by asking again and again", async () => {
    const { lease, leadership, wait } = aLeadership();
    lease.lead(1);
    for (let seen = 2; seen < 100; seen += 1) await leadership.outrank(seen, "worker");
    expect(leadership.epoch).toBe(2);
    wait(10_000);
    await leadership.outrank(50, "worker");
    expect(leadership.epoch).toBe(50);
  });

  it("does not rise for a replica that was replaced, nor to a number that cannot be", async () => {
    const { lease, leadership, wait } = aLeadership();
    lease.leave("10.0.0.2:9463");
    await leadership.outrank(50, "worker");
    expect(leadership.epoch).toBeNull();
    lease.lead(2);
    for (const seen of [2 ** 31, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY, 2.5]) {
      await leadership.outrank(seen, "worker");
      expect(leadership.epoch).toBe(2);
      wait(10_000);
    }
    lease.raises = false;
    await leadership.outrank(9, "worker");
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
