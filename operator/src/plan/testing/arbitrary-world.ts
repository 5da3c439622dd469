/**
 * Worlds for property tests: few names, so that everything collides with everything; most references hold, so that most domains stand. Two
 * worlds share their names, so that the plan of one is a plausible past of the other.
 */
import type { LabelSelector, TimeDomainSpec } from "@meridian/crds";
import * as fc from "fast-check";
import type { World, WorldDomain, WorldGrandmaster, WorldInterface, WorldNode } from "../world.js";

type SourceSpec = TimeDomainSpec["sources"][number];
type RoleSpec = NonNullable<NonNullable<TimeDomainSpec["topology"]>["roles"]>[number];

const nodeNames = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];
const grandmasterNames = ["g0", "g1", "g2", "g3", "g4", "g5"];
const sourceNames = ["s0", "s1", "s2", "s3", "s4"];

/** `usual` nine times out of ten. */
function mostly<T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare });
}

const arbitrarySelector: fc.Arbitrary<LabelSelector> = fc.constantFrom<LabelSelector>(
  {},
  { matchLabels: { pool: "x" } },
  { matchExpressions: [{ key: "pool", operator: "NotIn", values: ["x"] }] },
  { matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }] },
  { matchExpressions: [{ key: "zone", operator: "Exists" }] },
);

const arbitraryInterfaces: fc.Arbitrary<readonly string[]> = fc.constantFrom(["eth0", "eth1"], ["eth0"], ["eth1"], ["eth0", "lo"], ["lo"]);

/** @param name n and a number below 255. */
export function arbitraryNode(name: string): fc.Arbitrary<WorldNode> {
  const host = Number(name.slice(1)) + 1;
  return fc
    .record({
      zone: fc.constantFrom("a", "b", "c", null),
      pool: fc.constantFrom("x", "y", null),
      heard: mostly(fc.constant(true), fc.constant(false)),
      interfaces: mostly(fc.constant<readonly string[]>(["eth0", "eth1"]), arbitraryInterfaces),
      timestamping: fc.constantFrom<WorldInterface["timestamping"]>("Hardware", "Hardware", "Software", "None"),
      internal: mostly(fc.constant(true), fc.constant(false)),
    })
    .map(({ zone, pool, heard, interfaces, timestamping, internal }) => ({
      name,
      labels: { ...(zone === null ? {} : { zone }), ...(pool === null ? {} : { pool }) },
      internalAddress: internal ? `10.0.0.${host}` : null,
      capabilities: heard
        ? {
            clocks: ["system"],
            interfaces: interfaces.map((each) => ({
              name: each,
              addresses: [each === "lo" ? "127.0.0.1" : `10.0.${each.slice(3)}.${host}`],
              timestamping: each === "eth0" ? timestamping : "Hardware",
            })),
          }
        : null,
    }));
}

const arbitraryGrandmaster = (name: string): fc.Arbitrary<WorldGrandmaster> =>
  fc
    .record({
      nodeName: fc.constantFrom(...nodeNames),
      external: fc.constantFrom(null, null, null, null, 0, 1, 5, "192.0.2.123", "time.example.com"),
      group: fc.constantFrom("antenna-a", "antenna-b", null),
      uncertaintyNanoseconds: fc.integer({ min: 1, max: 1000 }),
    })
    .map(({ nodeName, external, group, uncertaintyNanoseconds }) => ({
      name,
      spec: {
        ...(external === null
          ? { type: "Node" as const, node: { nodeName, reference: { type: "SystemClock" as const } } }
          : typeof external === "string"
            ? { type: "ExternalNTP" as const, externalNTP: { address: external } }
            : { type: "ExternalPTP" as const, externalPTP: { domainNumber: external, addresses: ["192.0.2.1"] } }),
        ...(group === null ? {} : { independenceGroup: group }),
        calibration: { uncertaintyNanoseconds },
      },
    }));

const arbitrarySource = (name: string): fc.Arbitrary<SourceSpec> =>
  fc
    .record({
      grandmaster: mostly(fc.constantFrom(...grandmasterNames), fc.constantFrom("g0")),
      use: fc.constantFrom<NonNullable<SourceSpec["use"]> | undefined>(undefined, "Primary", "Primary", "Primary", "Fallback", "Watchdog"),
      priority: fc.constantFrom(undefined, 100, 200),
      interfaces: mostly(fc.constant(undefined), fc.constantFrom<string[]>(["eth0"], ["eth1", "eth0"], ["eth1"])),
    })
    .map(({ grandmaster, use, priority, interfaces }) => ({
      name,
      grandmasterRef: { name: grandmaster },
      ...(use === undefined ? {} : { use }),
      ...(priority === undefined ? {} : { priority }),
      ...(interfaces === undefined ? {} : { interfaces }),
    }));

const arbitraryRole: fc.Arbitrary<RoleSpec> = fc.record({
  role: fc.constantFrom("Grandmaster", "OrdinaryClock", "Observer"),
  nodeSelector: fc.constantFrom<LabelSelector>({ matchLabels: { zone: "a" } }, { matchLabels: { pool: "y" } }, {}),
});

const arbitraryDomain = (name: string): fc.Arbitrary<WorldDomain> =>
  fc
    .record({
      createdAt: fc.integer({ min: 0, max: 2 }),
      priority: fc.constantFrom(undefined, 0, 1),
      nodeSelector: arbitrarySelector,
      profile: mostly(fc.constantFrom(undefined, "high"), fc.constantFrom("absent", "broken")),
      sources: fc.subarray(sourceNames, { minLength: 1 }).chain((names) => fc.tuple(...names.map(arbitrarySource))),
      redundancy: fc.constantFrom(undefined, 1, 2, 3, 4),
      ntpServers: fc.option(arbitrarySelector, { freq: 2, nil: undefined }),
      roles: mostly(fc.constant<RoleSpec[]>([]), fc.array(arbitraryRole, { minLength: 1, maxLength: 2 })),
    })
    .map(({ createdAt, priority, nodeSelector, profile, sources, redundancy, ntpServers, roles }) => ({
      name,
      createdAt,
      spec: {
        ...(priority === undefined ? {} : { priority }),
        objective: { maxErrorNanoseconds: 1000 },
        members: { nodeSelector },
        ...(profile === undefined ? {} : { profileRef: { name: profile } }),
        sources,
        ...(ntpServers === undefined ? {} : { serve: { ntp: { nodeSelector: ntpServers, allowedCIDRs: ["10.0.0.0/8"] } } }),
        topology: { failureDomainKey: "zone", ...(redundancy === undefined ? {} : { redundancy }), roles },
      },
    }));

/** Eight nodes, six Grandmasters, one to four domains. */
export const arbitraryWorld: fc.Arbitrary<World> = fc.record({
  nodes: fc.tuple(...nodeNames.map(arbitraryNode)),
  domains: fc.subarray(["d0", "d1", "d2", "d3"], { minLength: 1 }).chain((names) => fc.tuple(...names.map(arbitraryDomain))),
  grandmasters: fc.tuple(...grandmasterNames.map(arbitraryGrandmaster)),
  profiles: fc.constant([
    { name: "high", spec: { ptp: { base: "lan-e2e" as const, domainNumber: 126 } } },
    { name: "broken", spec: { ptp: { base: "lan-e2e" as const, log2SyncInterval: 4 } } },
  ]),
});
