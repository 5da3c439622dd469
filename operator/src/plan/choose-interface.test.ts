import { describe, expect, it } from "vitest";
import { chooseInterface } from "./choose-interface.js";
import { aNode, anInterface } from "./testing/a-world.js";
import type { WorldInterface, WorldNode } from "./world.js";

function aHeardNode(interfaces: readonly WorldInterface[], internalAddress: string | null = "10.0.0.1"): WorldNode {
  return aNode("n", 1, { internalAddress, capabilities: { interfaces, clocks: [] } });
}

const eth0 = anInterface("eth0", "10.0.0.1", "Software");
const eth1 = anInterface("eth1", "10.1.0.1");
const mute = anInterface("eth2", "10.2.0.1", "None");
const unheard = aNode("n", 1, { capabilities: null });

function name(...[node, wanted, remembered, purpose]: Parameters<typeof chooseInterface>): string {
  const choice = chooseInterface(node, wanted, remembered, purpose);
  return choice.kind === "chosen" ? choice.name : choice.kind;
}

describe("choosing an interface", () => {
  it.each<[string, WorldNode, readonly string[] | null, string]>([
    ["the first that the source names and the node has", aHeardNode([eth0, eth1]), ["ens1", "eth1", "eth0"], "eth1"],
    ["the one with the InternalIP", aHeardNode([eth1, eth0]), null, "eth0"],
    [
      "without an InternalIP the first by name that is not loopback",
      aHeardNode([eth1, eth0, anInterface("a0", "127.0.0.1")], null),
      null,
      "eth0",
    ],
    ["without the InternalIP on any interface likewise", aHeardNode([eth1], "192.0.2.9"), null, "eth1"],
    ["none that cannot stamp, if the source names another", aHeardNode([mute, eth1]), ["eth2", "eth1"], "eth1"],
    ["nothing when those that the source names cannot stamp", aHeardNode([eth0, mute]), ["eth2"], "missing"],
    ["nothing when the one with the InternalIP cannot stamp", aHeardNode([mute, eth1], "10.2.0.1"), null, "missing"],
    ["nothing on a node without addresses", aHeardNode([anInterface("eth0", null)], null), null, "missing"],
    ["nothing on a node that the source's interfaces exclude", aHeardNode([eth0]), ["ens1"], "excluded"],
  ])("takes %s", (_sentence, node, wanted, expected) => {
    expect(name(node, wanted, "remembered", "follow")).toBe(expected);
  });

  it("serves by the node's own choice when the source names only interfaces of others", () => {
    expect(name(aHeardNode([eth0]), ["ens1"], null, "serve")).toBe("eth0");
    expect(name(aHeardNode([eth0, eth1]), ["eth1"], null, "serve")).toBe("eth1");
  });

  it("keeps what was planned while the agent has not been heard, and reaches the node by its InternalIP", () => {
    const kept = { kind: "chosen", name: "eth7", timestamping: null, address: "10.0.0.1" };
    expect(chooseInterface(unheard, ["ens1"], "eth7", "follow")).toEqual(kept);
    expect(name(unheard, null, null, "follow")).toBe("missing");
  });

  it("says how others reach the node by it and what stamps it makes", () => {
    expect(chooseInterface(aHeardNode([eth0]), null, null, "serve")).toEqual({
      kind: "chosen",
      name: "eth0",
      timestamping: "Software",
      address: "10.0.0.1",
    });
  });
});
