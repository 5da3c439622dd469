import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Plan } from "./plan.js";
import { planWorld } from "./plan-world.js";
import { isPtpUpstream } from "./ptp-entry.js";
import { rememberPlan } from "./testing/a-world.js";
import { arbitraryMoment } from "./testing/arbitrary-moment.js";
import { arbitraryNode } from "./testing/arbitrary-world.js";
import { numbersByInstance } from "./testing/numbers-by-instance.js";
import type { PreviousPlan, World } from "./world.js";

const runs = { numRuns: 300 };

/** Numbers of external grandmasters, and those that a past of another world gave to two instances: they cannot all stay. */
function findDisputedNumbers(world: World, standing: PreviousPlan): ReadonlySet<number | undefined> {
  const disputed = new Set(world.grandmasters.map(({ spec }) => spec.externalPTP?.domainNumber));
  const holders = new Map<number, string>();
  for (const { domainRef, upstreams } of standing.values()) {
    for (const { grandmasterRef, domainNumber } of (upstreams ?? []).filter(isPtpUpstream)) {
      const key = `${domainRef.name}/${grandmasterRef?.name}`;
      if ((holders.get(domainNumber) ?? key) !== key) disputed.add(domainNumber);
      holders.set(domainNumber, key);
    }
  }
  return disputed;
}

describe("a change", () => {
  it("of one node more moves nobody else", () => {
    fc.assert(
      fc.property(arbitraryMoment, arbitraryNode("n8"), ({ world, previous }, newcomer) => {
        // Settled: a number that nobody follows yet and that no NodeClock can keep is found anew by every planning.
        const before = planWorld(world, rememberPlan(planWorld(world, previous)));
        const after = planWorld({ ...world, nodes: [...world.nodes, newcomer] }, rememberPlan(before));
        // A node can bring the first member or the missing interface: then its domain is planned for the first time.
        const verdicts = (plan: Plan) => [...plan.domains.values()].map(({ name, acceptance }) => [name, acceptance.accepted]);
        fc.pre(JSON.stringify(verdicts(before)) === JSON.stringify(verdicts(after)));
        for (const [name, node] of before.nodes) expect(after.nodes.get(name)?.spec).toEqual(node.spec);
        for (const [name, domain] of before.domains) expect(after.domains.get(name)?.sources).toEqual(domain.sources);
      }),
      runs,
    );
  });

  it.each<[string, (world: World, at: number) => World]>([
    ["the loss of a node", (world, at) => ({ ...world, nodes: world.nodes.filter((_, i) => i !== at) })],
    ["the loss of a domain", (world, at) => ({ ...world, domains: world.domains.filter((_, i) => i !== at) })],
    [
      "the loss of a source",
      (world, at) => ({
        ...world,
        domains: world.domains.map((domain) => ({
          ...domain,
          spec: { ...domain.spec, sources: domain.spec.sources.filter((_, i) => i !== at || domain.spec.sources.length === 1) },
        })),
      }),
    ],
    [
      "a new source",
      (world, at) => ({
        ...world,
        domains: world.domains.map((domain) => ({
          ...domain,
          spec: { ...domain.spec, sources: [{ name: "a-new-one", grandmasterRef: { name: `g${at % 6}` } }, ...domain.spec.sources] },
        })),
      }),
    ],
    [
      "a new domain",
      (world, at) => ({
        ...world,
        domains: world.domains.flatMap((domain, i) =>
          i === at ? [domain, { ...domain, name: "a-new-one", createdAt: 9, spec: { ...domain.spec, priority: 5 } }] : [domain],
        ),
      }),
    ],
  ])("that is %s renumbers no instance that somebody still follows", (_sentence, edit) => {
    fc.assert(
      fc.property(arbitraryMoment, fc.integer({ min: 0, max: 7 }), ({ world, previous }, at) => {
        const before = planWorld(world, previous);
        const after = planWorld(edit(world, at), rememberPlan(before));
        const now = numbersByInstance(after);
        const disputed = findDisputedNumbers(world, rememberPlan(before));
        for (const { domainRef, upstreams } of rememberPlan(before).values()) {
          for (const { grandmasterRef, domainNumber } of (upstreams ?? []).filter(isPtpUpstream)) {
            const key = `${domainRef.name}/${grandmasterRef?.name}`;
            const stays = [...after.nodes.values()].some(
              ({ spec }) =>
                spec.domainRef.name === domainRef.name &&
                spec.upstreams?.some((each) => each.grandmasterRef?.name === grandmasterRef?.name),
            );
            if (stays && now.has(key) && !disputed.has(domainNumber)) expect(now.get(key)).toBe(domainNumber);
          }
        }
      }),
      runs,
    );
  });

  it("that breaks a domain changes no node that had a plan, and takes from nobody what it follows", () => {
    fc.assert(
      fc.property(arbitraryMoment, fc.integer({ min: 0, max: 3 }), ({ world, previous }, at) => {
        const before = planWorld(world, previous);
        const broken = world.domains[at % world.domains.length];
        fc.pre(broken !== undefined && before.domains.get(broken.name)?.acceptance.accepted === true);
        // What nobody follows is not held, and its place among the 8 that a node can serve goes to another.
        fc.pre(
          [...before.domains.values()].every((domain) => domain.unavailableSources.every(({ message }) => !message.includes("the most"))),
        );
        const domains = world.domains.map((domain) =>
          domain === broken ? { ...domain, spec: { ...domain.spec, profileRef: { name: "absent" } } } : domain,
        );
        const after = planWorld({ ...world, domains }, rememberPlan(before));
        expect(after.domains.get(broken?.name ?? "")?.acceptance).toMatchObject({ accepted: false, reason: "ProfileNotFound" });
        for (const [name, node] of before.nodes) {
          const now = after.nodes.get(name);
          if (node.spec.domainRef.name === broken?.name) expect(now).toEqual({ spec: node.spec, kept: true });
          for (const upstream of node.spec.upstreams ?? []) {
            const served = (plan: Plan) =>
              [...plan.nodes.values()].some(({ spec }) =>
                spec.serves?.some(
                  (entry) => entry.domainNumber === upstream.domainNumber && entry.grandmasterRef?.name === upstream.grandmasterRef?.name,
                ),
              );
            expect(now?.spec.upstreams).toContainEqual(upstream);
            expect(served(after)).toBe(served(before));
          }
        }
      }),
      runs,
    );
  });
});
