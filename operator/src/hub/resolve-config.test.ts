import type { GrandmasterSpec, NodeClockSpec, TimeDomainSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { type PolicyObjects, resolveConfig } from "./resolve-config.js";

const worker: NodeClockSpec = {
  nodeName: "worker-1",
  domainRef: { name: "plant" },
  role: "OrdinaryClock",
  roleReason: "FollowsSources",
  upstreams: [
    {
      name: "a",
      type: "Grandmaster",
      grandmasterRef: { name: "gm-a" },
      protocol: "PTP",
      domainNumber: 3,
      address: "10.0.0.7",
      interface: "eth0",
      priority: 200,
      use: "Primary",
      reason: "HighestPriority",
    },
    {
      name: "x",
      type: "Grandmaster",
      grandmasterRef: { name: "ext" },
      protocol: "PTP",
      domainNumber: 44,
      interface: "eth1",
      priority: 100,
      use: "Fallback",
      reason: "Fallback",
    },
  ],
};
const server: NodeClockSpec = {
  nodeName: "gm-node",
  domainRef: { name: "plant" },
  role: "Grandmaster",
  roleReason: "OwnsReference",
  serves: [{ protocol: "PTP", domainNumber: 3, grandmasterRef: { name: "gm-a" }, interface: "eth0" }],
};
const domain: TimeDomainSpec = {
  objective: { maxErrorNanoseconds: 1000 },
  members: { nodeSelector: {} },
  profileRef: { name: "fast" },
  sources: [{ name: "a", grandmasterRef: { name: "gm-a" } }],
};
const grandmasters: Record<string, GrandmasterSpec> = {
  "gm-a": {
    type: "Node",
    node: { nodeName: "gm-node", reference: { type: "PHC", phc: { device: "/dev/ptp0" } } },
    announce: { priority1: 10 },
    calibration: { uncertaintyNanoseconds: 100, delayCompensationNanoseconds: 40 },
    independenceGroup: "roof",
  },
  ext: {
    type: "ExternalPTP",
    externalPTP: { addresses: ["10.9.9.9"], domainNumber: 44, arbitraryTimescale: "UTC", clockIdentity: "aabbcc.fffe.ddeeff" },
    calibration: { delayCompensationNanoseconds: -7 },
  },
};
const objects: PolicyObjects = {
  domain: (name) => (name === "plant" ? domain : undefined),
  grandmaster: (name) => grandmasters[name],
  profile: (name) =>
    name === "fast" ? { ptp: { base: "lan-e2e", log2SyncInterval: -6 }, servo: { maxSlewPartsPerBillion: 20_000 } } : undefined,
};

const resolved = (spec: NodeClockSpec, from = objects) => {
  const resolution = resolveConfig(spec, from);
  if (resolution.kind === "unresolved") throw new Error(resolution.reason);
  return resolution;
};

describe("the configuration of an agent", () => {
  it("carries numbers and behaviours, resolved from what the NodeClock refers to", () => {
    const { config } = resolved(worker);
    expect(config).toMatchObject({
      domain: "plant",
      role: "OrdinaryClock",
      objective: { maxErrorNanoseconds: 1000, bound: "Calibrated", minimumIndependentSources: 1 },
      servo: { maxSlewPartsPerBillion: 20_000, stepMode: "OnStart", stepThresholdNanoseconds: 10_000_000 },
    });
    expect(config.receivers?.[0]).toMatchObject({
      source: "a",
      timing: { domainNumber: 3, interface: "eth0", log2SyncInterval: -6, log2AnnounceInterval: 0, dscp: 46 },
      independenceGroup: "roof",
      uncertaintyNanoseconds: 100,
      acceptableAddresses: ["10.0.0.7"],
    });
    expect(JSON.stringify(config)).not.toContain("lan-e2e");
  });

  it("lets nobody speak but the source that was meant", () => {
    expect(resolved(worker).config.receivers?.[1]).toMatchObject({
      acceptableAddresses: ["10.9.9.9"],
      acceptableClockIdentity: "aabbcc.fffe.ddeeff",
      arbitraryTimescale: "UTC",
      independenceGroup: "PTP domain 44 aabbcc.fffe.ddeeff",
      uncertaintyNanoseconds: 0,
    });
  });

  it("leaves out a node of ours whose address nobody knows: no address would let anybody speak", () => {
    const [first, second] = worker.upstreams ?? [];
    const { address: _address, ...unaddressed } = first ?? ({} as never);
    const { config } = resolved({ ...worker, upstreams: [unaddressed, ...(second ? [second] : [])] });
    expect(config.receivers?.map(({ source }) => source)).toEqual(["x"]);
  });

  it("applies a compensation once: where our node transmits, or where we receive from others", () => {
    expect(resolved(worker).config.receivers?.map(({ delayCompensationNanoseconds }) => delayCompensationNanoseconds)).toEqual([0, -7]);
    expect(resolved(server).config.transmitters?.[0]).toMatchObject({
      delayCompensationNanoseconds: 40,
      reference: "/dev/ptp0",
      referenceType: "PHC",
      uncertaintyNanoseconds: 100,
      priority1: 10,
      priority2: 128,
    });
  });

  it("has a revision of its content alone", () => {
    const { revision } = resolved(worker);
    expect(revision).toMatch(/^[0-9a-f]{16}$/);
    expect(resolved(structuredClone(worker)).revision).toBe(revision);
    // Why a role was chosen is nothing that the agent does.
    expect(resolved({ ...worker, roleReason: "DemandedByTopology" }).revision).toBe(revision);
    const tighter = { ...objects, domain: () => ({ ...domain, objective: { maxErrorNanoseconds: 999 } }) };
    expect(resolved(worker, tighter).revision).not.toBe(revision);
  });

  it.each([
    ["the domain", { domain: () => undefined }, "TimeDomain plant"],
    ["the profile", { profile: () => undefined }, "ClockProfile fast"],
    ["a grandmaster", { grandmaster: (name: string) => (name === "ext" ? undefined : grandmasters[name]) }, "Grandmaster ext"],
    ["a number in range", { profile: () => ({ ptp: { base: "ieee1588-e2e" as const, log2SyncInterval: -7 } }) }, "log2SyncInterval -7"],
  ])("is not given at all when it lacks %s: half a configuration would move a clock", (_what, change, reason) => {
    const resolution = resolveConfig(worker, { ...objects, ...change });
    expect(resolution).toMatchObject({ kind: "unresolved", reason: expect.stringContaining(reason) as string });
  });
});
