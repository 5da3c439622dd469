import { describe, expect, it } from "vitest";
import { ApiError, type KubeClient } from "kopf-ts";
import { DomainDefinition } from "./domain-definition.js";

/** A cluster with one definition, or none, and a leader that looks at it. */
class Cluster {
  uid: string | null = "one";
  terminating = false;
  domains = 0;
  now = 0;
  /** As the Lease carries it from leader to leader. */
  lease = "";
  requests = 0;
  readonly lines: string[] = [];

  leader(): DomainDefinition {
    const get = () => {
      this.requests += 1;
      const metadata = { uid: this.uid, ...(this.terminating ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}) };
      return this.uid === null
        ? Promise.reject(new ApiError("NotFound", { status: 404, reason: "NotFound" }))
        : Promise.resolve({ metadata });
    };
    const say = (_fields: object, line: string) => void this.lines.push(line);
    return new DomainDefinition({
      client: { get } as unknown as KubeClient,
      domains: () => this.domains,
      inherited: () => this.lease,
      log: { debug: say, info: say, warn: say, error: say },
      now: () => this.now,
    });
  }
}

async function aClusterWithDomains(): Promise<{ cluster: Cluster; leader: DomainDefinition }> {
  const cluster = new Cluster();
  const leader = cluster.leader();
  cluster.domains = 2;
  await leader.follow();
  return { cluster, leader };
}

describe("the definition of TimeDomains", () => {
  it("that stands as it stood makes a missing domain a wish", async () => {
    const { cluster, leader } = await aClusterWithDomains();
    cluster.domains = 0;
    expect(await leader.isTrusted()).toBe(true);
    expect(cluster.lines).toEqual([]);
  });

  it("was never seen with domains: there is nothing to hold on to", async () => {
    expect(await new Cluster().leader().isTrusted()).toBe(true);
  });

  it.each([
    ["is being deleted", (cluster: Cluster) => (cluster.terminating = true)],
    ["is gone", (cluster: Cluster) => (cluster.uid = null)],
    ["is another one, without domains yet", (cluster: Cluster) => (cluster.uid = "two")],
  ])("that %s makes it an outage, said once", async (_what, happen) => {
    const { cluster, leader } = await aClusterWithDomains();
    cluster.domains = 0;
    happen(cluster);
    for (let node = 0; node < 100; node += 1) expect(await leader.isTrusted()).toBe(false);
    expect(cluster.lines).toHaveLength(1);
  });

  it("that was replaced is believed again once domains are back for a while, and then so is their deletion", async () => {
    const { cluster, leader } = await aClusterWithDomains();
    cluster.uid = "two";
    cluster.domains = 1;
    await leader.follow();
    expect(await leader.isTrusted()).toBe(false);
    cluster.now += 30_000;
    expect(await leader.isTrusted()).toBe(true);
    cluster.domains = 0;
    expect(await leader.isTrusted()).toBe(true);
  });

  it("is known to the next leader: a replaced one without domains releases nobody after a failover either", async () => {
    const { cluster, leader } = await aClusterWithDomains();
    cluster.lease = leader.known;
    cluster.domains = 0;
    cluster.uid = "two";
    const next = cluster.leader();
    await next.follow();
    expect(await next.isTrusted()).toBe(false);
    expect(next.known).toBe("one");
  });

  it("is what the Lease says, not what this replica knew in an earlier term", async () => {
    const { cluster, leader } = await aClusterWithDomains();
    leader.forget();
    cluster.lease = "two";
    expect(leader.known).toBe("two");
  });

  it("is read once for all nodes that ask at the same time", async () => {
    const { cluster, leader } = await aClusterWithDomains();
    const before = cluster.requests;
    await Promise.all(Array.from({ length: 50 }, () => leader.isTrusted()));
    expect(cluster.requests - before).toBe(1);
  });
});
