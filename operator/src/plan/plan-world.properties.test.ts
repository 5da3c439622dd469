import { group, validateObject, version } from "@meridian/crds";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DomainPlan, Plan } from "./plan.js";
import { planWorld } from "./plan-world.js";
import { matchSelector } from "./match-selector.js";
import { isPtpUpstream, readPtpServes } from "./ptp-entry.js";
import { rememberPlan } from "./testing/a-world.js";
import { arbitraryMoment } from "./testing/arbitrary-moment.js";
import { arbitraryWorld } from "./testing/arbitrary-world.js";
import { numbersByInstance } from "./testing/numbers-by-instance.js";
import type { World, WorldNode } from "./world.js";

const runs = { numRuns: 300 };
const nothing = new Map();

function* membersOf(plan: Plan, world: World) {
  for (const domain of plan.domains.values()) {
    if (!domain.acceptance.accepted) continue;
    for (const name of domain.members) {
      const node = world.nodes.find((candidate) => candidate.name === name);
      const planned = plan.nodes.get(name);
      const intent = world.domains.find((candidate) => candidate.name === domain.name);
      if (node === undefined || planned === undefined || intent === undefined) throw new Error(`${name} has no plan`);
      yield { domain, node, intent, spec: planned.spec, upstreams: planned.spec.upstreams ?? [] };
    }
  }
}

/** Says again, in the words of the API, what chooseInterface decides: by which of its sources time can reach a heard node. */
function findReachable(domain: DomainPlan, world: World, node: WorldNode) {
  const interfaces = node.capabilities?.interfaces ?? [];
  const internal = interfaces.find(({ addresses }) => node.internalAddress !== null && addresses.includes(node.internalAddress));
  const fallback = interfaces.some(({ name, timestamping }) => name !== "lo" && timestamping !== "None");
  const reachable = internal === undefined ? fallback : internal.timestamping !== "None";
  const sources = world.domains.find(({ name }) => name === domain.name)?.spec.sources ?? [];
  return domain.sources.flatMap((planned) => {
    const source = sources.find(({ name }) => name === planned.name);
    const wanted = source?.interfaces;
    const isNtp = world.grandmasters.find(({ name }) => name === planned.grandmaster)?.spec.type === "ExternalNTP";
    const stamps =
      wanted === undefined ? reachable : interfaces.some(({ name, timestamping }) => wanted.includes(name) && timestamping !== "None");
    const reaches = isNtp || stamps;
    return reaches && planned.servedBy !== node.name ? [{ ...planned, use: source?.use ?? "Primary" }] : [];
  });
}

describe("every plan", () => {
  it("is the same whatever the order of the lists", () => {
    fc.assert(
      fc.property(arbitraryMoment, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), ({ world, previous }, dice) => {
        const shuffle = <T>(list: Iterable<T>): T[] =>
          [...list]
            .map((item) => ({ item, at: dice.next().value ?? 0 }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ item }) => item);
        const shuffled: World = {
          nodes: shuffle(world.nodes).map((node) => ({
            ...node,
            capabilities: node.capabilities && { ...node.capabilities, interfaces: shuffle(node.capabilities.interfaces) },
          })),
          domains: shuffle(world.domains),
          grandmasters: shuffle(world.grandmasters),
          profiles: shuffle(world.profiles),
        };
        const plan = planWorld(world, previous);
        const again = planWorld(shuffled, new Map(shuffle(previous)));
        expect([...again.nodes]).toEqual([...plan.nodes]);
        expect([...again.domains]).toEqual([...plan.domains]);
      }),
      runs,
    );
  });

  it("changes nothing when it is made again from what it left behind", () => {
    fc.assert(
      fc.property(arbitraryWorld, (world) => {
        const plan = planWorld(world, nothing);
        expect(planWorld(world, rememberPlan(plan))).toEqual(plan);
      }),
      runs,
    );
  });

  it("is settled after one planning whatever stood before: the next one writes nothing", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        const left = rememberPlan(planWorld(world, previous));
        expect(rememberPlan(planWorld(world, left))).toEqual(left);
      }),
      runs,
    );
  });

  it("is valid by the schema of NodeClock", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { spec } of planWorld(world, previous).nodes.values()) {
          expect(validateObject({ apiVersion: `${group}/${version}`, kind: "NodeClock", spec })).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("gives each instance a number of its own, and none that an external grandmaster has", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        const ours = numbersByInstance(planWorld(world, previous));
        expect(new Set(ours.values()).size).toBe(ours.size);
        const external = world.grandmasters.flatMap(({ spec }) => spec.externalPTP?.domainNumber ?? []);
        for (const number of ours.values()) expect(external).not.toContain(number);
      }),
      runs,
    );
  });

  it("gives nobody a number under which a plan that stays follows or serves something else", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        const plan = planWorld(world, previous);
        const holders = new Map([...numbersByInstance(plan)].map(([key, number]) => [number, key] as const));
        for (const { spec, kept } of plan.nodes.values()) {
          if (!kept) continue;
          for (const { grandmasterRef, domainNumber } of (spec.upstreams ?? []).filter(isPtpUpstream)) {
            const holder = holders.get(domainNumber);
            if (holder !== undefined) expect(holder).toBe(`${spec.domainRef.name}/${grandmasterRef?.name}`);
          }
          for (const { grandmasterRef, domainNumber } of readPtpServes(spec)) {
            expect(holders.get(domainNumber) ?? `/${grandmasterRef.name}`).toMatch(new RegExp(`/${grandmasterRef.name}$`));
          }
        }
      }),
      runs,
    );
  });

  it("accepts no domain without a source that steers", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { name, acceptance, sources } of planWorld(world, previous).domains.values()) {
          const uses = world.domains.find((domain) => domain.name === name)?.spec.sources ?? [];
          const steers = sources.some((source) => uses.find((each) => each.name === source.name)?.use !== "Watchdog");
          expect(steers).toBe(acceptance.accepted);
        }
      }),
      runs,
    );
  });

  it("makes no node its own upstream, and gives whoever serves nothing to follow", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        const plan = planWorld(world, previous);
        for (const { domain, node, spec, upstreams } of membersOf(plan, world)) {
          for (const upstream of upstreams) {
            expect(domain.sources.find(({ name }) => name === upstream.name)?.servedBy).not.toBe(node.name);
          }
          if (spec.role === "Grandmaster") expect(upstreams).toEqual([]);
          else expect(readPtpServes(spec)).toEqual([]);
        }
      }),
      runs,
    );
  });

  it("lets every source be followed under the number under which it is served", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        const plan = planWorld(world, previous);
        for (const { domain, upstreams } of membersOf(plan, world)) {
          for (const { name, domainNumber, grandmasterRef } of upstreams) {
            const source = domain.sources.find((candidate) => candidate.name === name);
            expect(source).toMatchObject({ domainNumber: domainNumber ?? null, grandmaster: grandmasterRef?.name });
            const server = world.nodes.find((node) => node.name === source?.servedBy);
            // What a refused domain's node had promised and could not serve yet (of another world's past) stays promised.
            if (server === undefined || server.capabilities === null || plan.nodes.get(server.name)?.kept === true) continue;
            const serves = plan.nodes.get(server.name)?.spec.serves ?? [];
            const stamps = server.capabilities.interfaces.every(({ timestamping }) => timestamping !== "None");
            if (stamps && server.capabilities.interfaces.some((each) => each.name === "eth0")) {
              expect(serves).toContainEqual(expect.objectContaining({ domainNumber, grandmasterRef }));
            }
          }
        }
      }),
      runs,
    );
  });

  it("leaves no heard member without a source that steers when one reaches it", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { domain, node, spec, upstreams } of membersOf(planWorld(world, previous), world)) {
          if (node.capabilities === null || spec.role === "Grandmaster") continue;
          const reaches = findReachable(domain, world, node).some(({ use }) => use !== "Watchdog");
          expect(upstreams.some(({ use }) => use !== "Watchdog")).toBe(reaches);
        }
      }),
      runs,
    );
  });

  it("gives each heard member as many Primaries as it should have and can reach, of different groups when there are enough", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { domain, node, intent, spec, upstreams } of membersOf(planWorld(world, previous), world)) {
          if (node.capabilities === null || spec.role === "Grandmaster") continue;
          const redundancy = intent.spec.topology?.redundancy ?? 2;
          const reachable = findReachable(domain, world, node).filter(({ use }) => use === "Primary");
          const chosen = upstreams.filter(({ use }) => use === "Primary");
          expect(chosen).toHaveLength(Math.min(redundancy, reachable.length));
          const available = new Set(reachable.map(({ independenceGroup }) => independenceGroup)).size;
          const groups = new Set(chosen.map(({ name }) => domain.sources.find((source) => source.name === name)?.independenceGroup));
          expect(groups.size).toBe(Math.min(redundancy, available));
        }
      }),
      runs,
    );
  });

  it("asks an NTP server at its address by whatever interface, under no PTP domain number", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { upstreams } of membersOf(planWorld(world, previous), world)) {
          for (const { grandmasterRef, protocol, address, domainNumber, interface: by } of upstreams) {
            const server = world.grandmasters.find(({ name }) => name === grandmasterRef?.name)?.spec.externalNTP;
            expect(protocol).toBe(server === undefined ? "PTP" : "NTP");
            if (server !== undefined) expect([address, domainNumber, by]).toEqual([server.address, undefined, undefined]);
          }
        }
      }),
      runs,
    );
  });

  it("waits with an NTP server for no agent: members that were never heard ask it as others do", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { domain, node, intent, spec, upstreams } of membersOf(planWorld(world, previous), world)) {
          if (node.capabilities !== null || spec.role === "Grandmaster") continue;
          const uses = new Map(intent.spec.sources.map(({ name, use }) => [name, use ?? "Primary"] as const));
          const servers = domain.sources.filter(({ domainNumber }) => domainNumber === null).map(({ name }) => name);
          const asked = upstreams.filter(({ protocol }) => protocol === "NTP").map(({ name }) => name);
          for (const name of servers) if (uses.get(name) !== "Primary") expect(asked).toContain(name);
          if (servers.some((name) => uses.get(name) === "Primary")) expect(upstreams.some(({ use }) => use === "Primary")).toBe(true);
        }
      }),
      runs,
    );
  });

  it("lets exactly those members serve NTP that their domain selects, once, and no Observer", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { node, intent, spec } of membersOf(planWorld(world, previous), world)) {
          const entries = (spec.serves ?? []).filter(({ protocol }) => protocol === "NTP");
          const selector = intent.spec.serve?.ntp?.nodeSelector;
          const selected = selector !== undefined && matchSelector(selector, node.labels) && spec.role !== "Observer";
          expect(entries).toEqual(selected ? [{ protocol: "NTP" }] : []);
        }
      }),
      runs,
    );
  });

  it("honours a demanded role or refuses it by name", () => {
    fc.assert(
      fc.property(arbitraryMoment, ({ world, previous }) => {
        for (const { domain, node, intent, spec } of membersOf(planWorld(world, previous), world)) {
          const demand = intent.spec.topology?.roles?.find(({ nodeSelector: { matchLabels = {} } }) =>
            Object.entries(matchLabels).every(([key, value]) => node.labels[key] === value),
          );
          if (demand === undefined) continue;
          const refused = domain.refusedRoles.some((refusal) => refusal.node === node.name && refusal.role === demand.role);
          expect(refused).toBe(spec.role !== demand.role);
          expect(spec.roleReason).toBe(refused ? "GrandmasterWithoutReference" : "DemandedByTopology");
        }
      }),
      runs,
    );
  });
});
