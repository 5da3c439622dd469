import type { NodeClockSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { recoverDomainNumbers } from "./recover-domain-numbers.js";
import { aDomain, anInterface, aNode, aNodeGrandmaster, aWorld } from "./testing/a-world.js";
import type { WorldDomain } from "./world.js";
import { indexWorld } from "./world-index.js";

type Spec = Pick<NodeClockSpec, "serves" | "upstreams">;

function aServer(...serves: [number, string][]): Spec {
  return {
    serves: serves.map(([domainNumber, name]) => ({ protocol: "PTP", domainNumber, grandmasterRef: { name: "gm" }, interface: name })),
  };
}

function aFollower(domainNumber: number): Spec {
  const grandmasterRef = { name: "gm" };
  return {
    upstreams: [
      {
        name: "gm",
        type: "Grandmaster",
        grandmasterRef,
        protocol: "PTP",
        domainNumber,
        interface: "eth0",
        priority: 1,
        use: "Primary",
        reason: "",
      },
    ],
  };
}

const interfaces = [anInterface("eth0", "10.0.0.1"), anInterface("eth1", "10.1.0.1")];

/** Nodes n1 … n4 belong to the first domain. */
function recover(domains: readonly WorldDomain[], specs: Readonly<Record<string, Spec>>, capable = interfaces) {
  const nodes = ["n1", "n2", "n3", "n4"].map((name) => aNode(name, 1, { capabilities: { interfaces: capable, clocks: [] } }));
  const world = aWorld({ nodes, domains, grandmasters: [aNodeGrandmaster("gm", "n1")] });
  const previous = new Map(
    Object.entries(specs).map(([nodeName, spec]): [string, NodeClockSpec] => [
      nodeName,
      { nodeName, domainRef: { name: domains[0]?.name ?? "" }, role: "OrdinaryClock", roleReason: "", ...spec },
    ]),
  );
  const { numbers } = recoverDomainNumbers(new Set(domains.map(({ name }) => name)), indexWorld(world, previous));
  return Object.fromEntries(numbers);
}

describe("recovering PTP domain numbers", () => {
  it("believes what members follow, the most followed first", () => {
    const specs = { n2: aFollower(3), n3: aFollower(4), n4: aFollower(4) };
    expect(recover([aDomain("a", ["gm"])], specs)).toEqual({ "a/gm": [4, 3] });
  });

  it("gives what is served and followed by nobody to the domains in order of age", () => {
    const domains = [aDomain("b", ["gm"], {}, 1), aDomain("a", ["gm"], {}, 2)];
    expect(recover(domains, { n1: aServer([7, "eth0"], [5, "eth0"]) })).toEqual({ "b/gm": [7], "a/gm": [5] });
  });

  it("does not give a domain what members of another follow", () => {
    const domains = [aDomain("a", ["gm"], {}, 2), aDomain("b", ["gm"], {}, 3)];
    expect(recover(domains, { n1: aServer([7, "eth0"], [5, "eth0"]), n2: aFollower(7) })).toEqual({ "a/gm": [7], "b/gm": [5] });
  });

  it("prefers the domain that would serve on that interface: the older one may never have been served", () => {
    const byEth1 = { name: "gm", grandmasterRef: { name: "gm" }, interfaces: ["eth1"] };
    const domains = [aDomain("a", ["gm"]), aDomain("b", [byEth1], {}, 1)];
    const mute = [anInterface("eth0", "10.0.0.1", "None"), anInterface("eth1", "10.1.0.1")];
    expect(recover(domains, { n1: aServer([7, "eth1"]) }, mute)).toEqual({ "b/gm": [7] });
  });

  it("still believes an entry on an interface that nobody would choose any more", () => {
    expect(recover([aDomain("a", ["gm"])], { n1: aServer([7, "gone"]) })).toEqual({ "a/gm": [7] });
  });
});
