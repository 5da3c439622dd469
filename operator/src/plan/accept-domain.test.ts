import { describe, expect, it } from "vitest";
import { acceptDomain } from "./accept-domain.js";
import { aDomain, aNode, aNodeGrandmaster, anExternalGrandmaster, aWorld } from "./testing/a-world.js";
import type { World, WorldDomain } from "./world.js";
import { indexWorld } from "./world-index.js";

const gps = anExternalGrandmaster("gps", 5);

const anNtpServer = (name: string, leapSmear: boolean): World["grandmasters"][number] => ({
  name,
  spec: { type: "ExternalNTP", externalNTP: { address: `${name}.example.com`, leapSmear } },
});

function judge(domain: WorldDomain, world: Partial<World> = {}) {
  const candidacy = acceptDomain(
    domain,
    indexWorld(aWorld({ nodes: [aNode("n")], domains: [domain], grandmasters: [gps], ...world }), new Map()),
  );
  return candidacy.kind === "refused" ? `${candidacy.refusal.reason}: ${candidacy.refusal.message}` : "candidate";
}

describe("accepting a domain", () => {
  it("takes servers that all smear", () => {
    const grandmasters = [anNtpServer("cloud", true), anNtpServer("other", true)];
    expect(judge(aDomain("d", ["cloud", "other"]), { grandmasters })).toBe("candidate");
  });

  it("takes one whose references all hold", () => {
    expect(judge(aDomain("d", ["gps"]))).toBe("candidate");
  });

  it.each<[string, WorldDomain, Partial<World>, string]>([
    [
      "a missing ClockProfile",
      aDomain("d", ["gps"], { profileRef: { name: "fast" } }),
      {},
      "ProfileNotFound: spec.profileRef: there is no ClockProfile fast",
    ],
    [
      "a ClockProfile out of its base's range, with the range",
      aDomain("d", ["gps"], { profileRef: { name: "fast" } }),
      { profiles: [{ name: "fast", spec: { ptp: { base: "lan-e2e", log2SyncInterval: 4 } } }] },
      "ProfileNotFound: spec.profileRef: ClockProfile fast has spec.ptp.log2SyncInterval 4, its base allows -7 to 1",
    ],
    [
      "a missing Grandmaster, with the index",
      aDomain("d", ["gps", "radio"]),
      {},
      "GrandmasterNotFound: spec.sources[1].grandmasterRef: there is no Grandmaster radio",
    ],
    [
      "a Grandmaster without the section of its type",
      aDomain("d", ["gps"]),
      { grandmasters: [{ name: "gps", spec: { type: "Node" } }] },
      "GrandmasterNotFound: spec.sources[0].grandmasterRef: there is no Grandmaster gps",
    ],
    [
      "a server that smears leap seconds beside one that does not",
      aDomain("d", ["cloud", "own"]),
      { grandmasters: [anNtpServer("cloud", true), anNtpServer("own", false)] },
      "LeapSmearMixed: spec.sources[0].grandmasterRef: Grandmaster cloud smears leap seconds, own does not",
    ],
    ["a selector without nodes", aDomain("d", ["gps"]), { nodes: [] }, "NoMember: spec.members.nodeSelector: selects no node"],
    [
      "a reference on a node that does not exist",
      aDomain("d", ["gps"]),
      { grandmasters: [aNodeGrandmaster("gps", "gone")] },
      "NodeNotMember: spec.sources[0].grandmasterRef: Grandmaster gps is on node gone, which does not exist",
    ],
    [
      "a reference on a node that nobody claims",
      aDomain("d", ["gps"], { members: { nodeSelector: { matchLabels: { in: "yes" } } } }),
      { nodes: [aNode("n", 1, { labels: { in: "yes" } }), aNode("out", 2)], grandmasters: [aNodeGrandmaster("gps", "out")] },
      "NodeNotMember: spec.sources[0].grandmasterRef: Grandmaster gps is on node out, which no TimeDomain selects",
    ],
    [
      "interfaces that no heard member has",
      aDomain("d", [{ name: "gps", grandmasterRef: { name: "gps" }, interfaces: ["ens1", "ens2"] }]),
      { nodes: [aNode("n"), aNode("unheard", 2, { capabilities: null })] },
      "InterfaceNotFound: spec.sources[0].interfaces: none of 1 members has ens1 or ens2",
    ],
  ])("refuses %s", (_sentence, domain, world, message) => {
    expect(judge(domain, world)).toBe(message);
  });

  it("says that the nodes are owned by others when that is why it has no member", () => {
    const domain = aDomain("d", ["gps"], {}, 1);
    expect(judge(domain, { domains: [aDomain("older", ["gps"]), domain] })).toBe(
      "NoMember: spec.members.nodeSelector: selects 1 nodes, all owned by other TimeDomains",
    );
  });

  it("refuses no interface before any member was heard", () => {
    const domain = aDomain("d", [{ name: "gps", grandmasterRef: { name: "gps" }, interfaces: ["ens1"] }]);
    expect(judge(domain, { nodes: [aNode("n", 1, { capabilities: null })] })).toBe("candidate");
  });

  it("names what is missing before what can only be judged with it", () => {
    const domain = aDomain("d", ["radio"], { profileRef: { name: "fast" } });
    expect(judge(domain, { nodes: [] })).toMatch(/^ProfileNotFound/);
    expect(judge(aDomain("d", ["radio"]), { nodes: [] })).toMatch(/^GrandmasterNotFound/);
  });
});
