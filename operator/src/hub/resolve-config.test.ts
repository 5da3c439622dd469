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
  office: {
    type: "ExternalNTP",
    externalNTP: { address: "192.0.2.123", port: 1123 },
    calibration: { delayCompensationNanoseconds: -20, uncertaintyNanoseconds: 500_000 },
  },
  provider: { type: "ExternalNTP", externalNTP: { address: "time.example.com" }, independenceGroup: "provider" },
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
    name === "fast"
      ? { ptp: { base: "lan-e2e", log2SyncInterval: -6 }, servo: { maxSlewPartsPerBillion: 20_000, damping: "Telecom" } }
      : undefined,
};

const ntp = (name: string, use: "Fallback" | "Watchdog" = "Fallback"): NonNullable<NodeClockSpec["upstreams"]>[number] => ({
  name,
  type: "Grandmaster",
  grandmasterRef: { name },
  protocol: "NTP",
  address: "as planned",
  priority: 50,
  use,
  reason: use,
});

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
      servo: { maxSlewPartsPerBillion: 20_000, damping: "Telecom", stepMode: "OnStart", stepThresholdNanoseconds: 10_000_000 },
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

  it("asks NTP servers as the profile says, at the address of their Grandmaster", () => {
    const asking: NodeClockSpec = { ...worker, upstreams: [ntp("office"), ...(worker.upstreams ?? []), ntp("provider", "Watchdog")] };
    const { config } = resolved(asking);
    expect(config.receivers?.map(({ source }) => source)).toEqual(["a", "x"]);
    expect(config.associations).toEqual([
      {
        source: "office",
        address: "192.0.2.123",
        port: 1123,
        log2MinPollInterval: 4,
        log2MaxPollInterval: 6,
        interleaved: true,
        use: "Fallback",
        priority: 50,
        independenceGroup: "NTP 192.0.2.123:1123",
        delayCompensationNanoseconds: -20,
        uncertaintyNanoseconds: 500_000,
        dscp: 0,
      },
      expect.objectContaining({
        source: "provider",
        address: "time.example.com",
        port: 123,
        use: "Watchdog",
        independenceGroup: "provider",
        delayCompensationNanoseconds: 0,
        uncertaintyNanoseconds: 0,
      }),
    ]);
    const seldom = { ...objects, profile: () => ({ ntp: { log2MinPollInterval: 6, log2MaxPollInterval: 10, interleaved: false } }) };
    expect(resolved(asking, seldom).config.associations?.[0]).toMatchObject({
      log2MinPollInterval: 6,
      log2MaxPollInterval: 10,
      interleaved: false,
    });
  });

  it("serves NTP to the networks that the domain names, on nodes where that is planned", () => {
    const serving: NodeClockSpec = { ...server, serves: [...(server.serves ?? []), { protocol: "NTP" }] };
    const open = (...allowedCIDRs: string[]) => ({ ...objects, domain: () => ({ ...domain, serve: { ntp: { allowedCIDRs } } }) });
    const { config, revision } = resolved(serving, open("192.0.2.0/24", "10.0.0.0/8"));
    expect(config.ntpServer).toEqual({ port: 123, allowedCidrs: ["10.0.0.0/8", "192.0.2.0/24"] });
    expect(config.transmitters).toHaveLength(1);
    expect(resolved(serving, open("10.0.0.0/8", "192.0.2.0/24")).revision).toBe(revision);
    expect(resolved(server, open("10.0.0.0/8")).config).not.toHaveProperty("ntpServer");
    expect(resolved(serving).config).not.toHaveProperty("ntpServer");
  });

  it("says what to do about another daemon, always", () => {
    expect(resolved(worker).config.hostTimeDaemon).toBe("Refuse");
    const observing = { ...objects, domain: () => ({ ...domain, hostTimeDaemon: "Observe" as const }) };
    expect(resolved(worker, observing).config.hostTimeDaemon).toBe("Observe");
  });

  it("is not given while a server's Grandmaster is something else", () => {
    const wrong = { ...worker, upstreams: [{ ...ntp("office"), grandmasterRef: { name: "gm-a" } }] };
    expect(resolveConfig(wrong, objects)).toEqual({ kind: "unresolved", reason: "Grandmaster gm-a is no NTP server" });
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
