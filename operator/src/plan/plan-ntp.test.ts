import type { TimeDomainSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { planWorld } from "./plan-world.js";
import { aDomain, aNode, aNodeGrandmaster, anNtpServer, aWorld, rememberPlan } from "./testing/a-world.js";
import type { PreviousPlan, World } from "./world.js";

const plan = (parts: Partial<World>, previous: PreviousPlan = new Map()) => planWorld(aWorld(parts), previous);
const asked = (name: string, more: object = {}) => ({
  name,
  type: "Grandmaster",
  grandmasterRef: { name },
  protocol: "NTP",
  address: "192.0.2.123",
  priority: 100,
  use: "Primary",
  reason: "HighestPriority",
  ...more,
});
const unheard = (name: string, host: number) => aNode(name, host, { capabilities: null });

describe("a domain of NTP servers alone", () => {
  it("lets every member ask them itself, also one whose agent has never been heard", () => {
    const { nodes, domains } = plan({
      nodes: [aNode("n1", 1), unheard("n2", 2)],
      domains: [aDomain("lab", ["ntp"])],
      grandmasters: [anNtpServer("ntp")],
    });
    for (const name of ["n1", "n2"])
      expect(nodes.get(name)?.spec).toEqual({
        nodeName: name,
        domainRef: { name: "lab" },
        role: "OrdinaryClock",
        roleReason: "FollowsSources",
        upstreams: [asked("ntp")],
      });
    expect(domains.get("lab")).toMatchObject({
      acceptance: { accepted: true, message: "2 nodes, 1 source" },
      sources: [{ name: "ntp", domainNumber: null, independenceGroup: "NTP 192.0.2.123:123", servedBy: null }],
      waiting: [],
      remarks: [],
      budget: { nanoseconds: 1000 },
    });
  });

  it("follows as many as redundancy says, one of each independence group first", () => {
    const { nodes } = plan({
      nodes: [aNode("n", 1)],
      domains: [aDomain("lab", ["a", "b", "c"])],
      grandmasters: [anNtpServer("a"), anNtpServer("b"), anNtpServer("c", "time.example.com")],
    });
    expect(nodes.get("n")?.spec.upstreams?.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      "a HighestPriority",
      "c OtherFailureDomain",
    ]);
  });

  it("takes no PTP domain number from anybody, were there none left", () => {
    const own = Array.from({ length: 8 }, (_, i) => aNodeGrandmaster(`own${i}`, "n1"));
    const sources = own.map(({ name }) => name);
    const parts = { nodes: [aNode("n1", 1), aNode("n2", 2)], grandmasters: [...own, anNtpServer("ntp")] };
    const without = plan({ ...parts, domains: [aDomain("lab", sources)] });
    const beside = plan({ ...parts, domains: [aDomain("lab", ["ntp", ...sources])] });
    const numbers = (of: typeof beside) => of.nodes.get("n1")?.spec.serves?.map(({ domainNumber }) => domainNumber);
    expect(numbers(beside)).toEqual(numbers(without));
  });
});

describe("NTP beside PTP", () => {
  const source = (name: string, use: "Fallback" | "Watchdog") => ({ name, grandmasterRef: { name }, use });
  const mixed: Partial<World> = {
    nodes: [aNode("n1", 1), aNode("n2", 2)],
    domains: [aDomain("lab", ["roof", source("office", "Fallback"), source("provider", "Watchdog")])],
    grandmasters: [aNodeGrandmaster("roof", "n1"), anNtpServer("office"), anNtpServer("provider", "time.example.com")],
  };

  it("is Fallback and Watchdog of members, and nothing that a Grandmaster follows", () => {
    const { nodes } = plan(mixed);
    expect(nodes.get("n2")?.spec.upstreams).toMatchObject([
      { name: "roof", protocol: "PTP", domainNumber: 0, interface: "eth0" },
      asked("office", { use: "Fallback", reason: "Fallback" }),
      asked("provider", { address: "time.example.com", use: "Watchdog", reason: "Watchdog" }),
    ]);
    expect(nodes.get("n1")?.spec).not.toHaveProperty("upstreams");
  });

  it("stands through a restart of the operator, and through the refusal of its domain", () => {
    const before = rememberPlan(plan(mixed));
    expect(rememberPlan(plan({ ...mixed, nodes: [unheard("n1", 1), unheard("n2", 2)] }, before))).toEqual(before);
    const broken = { ...mixed, domains: [aDomain("lab", ["roof", "gone"])] };
    expect(rememberPlan(plan(broken, before))).toEqual(before);
  });

  it("gives a source that changes from NTP to PTP a number, whatever stood of it before", () => {
    const grandmasters = [aNodeGrandmaster("roof", "n1"), aNodeGrandmaster("office", "n1"), anNtpServer("provider")];
    const { nodes } = plan({ ...mixed, grandmasters }, rememberPlan(plan(mixed)));
    expect(nodes.get("n2")?.spec.upstreams).toMatchObject([{ domainNumber: 0 }, { name: "office", domainNumber: 1 }, { name: "provider" }]);
  });

  it("heeds no interfaces, and says so", () => {
    const office = { name: "office", grandmasterRef: { name: "office" }, interfaces: ["eth7"] };
    const { nodes, domains } = plan({ ...mixed, domains: [aDomain("lab", ["roof", office])] });
    expect(nodes.get("n2")?.spec.upstreams).toMatchObject([{ name: "office" }, { name: "roof" }]);
    expect(domains.get("lab")?.remarks).toEqual([
      "spec.sources[1].interfaces has no effect: Grandmaster office is an NTP server, which is reached by the node's routing",
    ]);
  });
});

describe("serving NTP", () => {
  const serve = (ntp: object = {}): Partial<TimeDomainSpec> => ({ serve: { ntp: { allowedCIDRs: ["10.0.0.0/8"], ...ntp } } });
  const zone = (name: string) => ({ labels: { zone: name } });
  const pair = (spec: Partial<TimeDomainSpec>): Partial<World> => ({
    nodes: [aNode("n1", 1, zone("a")), aNode("n2", 2, zone("b"))],
    domains: [aDomain("lab", ["roof"], spec)],
    grandmasters: [aNodeGrandmaster("roof", "n1")],
  });

  it("is the part of every member, beside what a Grandmaster serves over PTP", () => {
    const { nodes } = plan(pair(serve()));
    expect(nodes.get("n1")?.spec.serves).toEqual([
      { protocol: "PTP", domainNumber: 0, grandmasterRef: { name: "roof" }, interface: "eth0" },
      { protocol: "NTP" },
    ]);
    expect(nodes.get("n2")?.spec.serves).toEqual([{ protocol: "NTP" }]);
  });

  it("leaves a node that serves eight sources all of them", () => {
    const many = Array.from({ length: 8 }, (_, i) => aNodeGrandmaster(`gm${i}`, "n1"));
    const domains = [
      aDomain(
        "lab",
        many.map(({ name }) => name),
        serve(),
      ),
    ];
    expect(plan({ ...pair({}), domains, grandmasters: many }).nodes.get("n1")?.spec.serves).toHaveLength(9);
  });

  it("is limited to the members that are selected, none of them an Observer", () => {
    const selected = plan(pair(serve({ nodeSelector: { matchLabels: { zone: "b" } } })));
    expect(selected.nodes.get("n1")?.spec.serves).not.toContainEqual({ protocol: "NTP" });
    expect(selected.nodes.get("n2")?.spec.serves).toEqual([{ protocol: "NTP" }]);
    const roles = [{ role: "Observer" as const, nodeSelector: { matchLabels: { zone: "b" } } }];
    const observed = plan(pair({ ...serve({ nodeSelector: { matchLabels: { zone: "b" } } }), topology: { roles } }));
    expect(observed.nodes.get("n2")?.spec).not.toHaveProperty("serves");
    expect(observed.domains.get("lab")).toMatchObject({
      acceptance: { accepted: true },
      remarks: ["spec.serve.ntp.nodeSelector: no member is selected that may serve"],
    });
  });

  it("ends when the intent does, and nobody else's number moves", () => {
    const before = plan(pair(serve()));
    const after = plan(pair({}), rememberPlan(before));
    expect(after.nodes.get("n2")?.spec).not.toHaveProperty("serves");
    expect(after.domains.get("lab")?.sources).toEqual(before.domains.get("lab")?.sources);
  });
});
