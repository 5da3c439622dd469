import type { NodeClockSpec, NodeClockServes } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { recallServed } from "./recall-interface.js";
import { readSource, type SourceIntent } from "./source-intent.js";
import { aDomain, aNodeGrandmaster } from "./testing/a-world.js";

function aSource(interfaces?: string[]): SourceIntent {
  const source = { name: "gm", grandmasterRef: { name: "gm" }, ...(interfaces === undefined ? {} : { interfaces }) };
  const read = readSource(aDomain("d", [source]), 0, aNodeGrandmaster("gm", "n"));
  if (read === null) throw new Error("the source should be readable");
  return read;
}

function aStandingPlan(...serves: [number, string][]): NodeClockSpec {
  const entries = serves.map(
    ([domainNumber, name]): NodeClockServes => ({ protocol: "PTP", domainNumber, grandmasterRef: { name: "gm" }, interface: name }),
  );
  return { nodeName: "n", domainRef: { name: "d" }, role: "Grandmaster", roleReason: "OwnsReference", serves: entries };
}

describe("the interface by which an unheard node serves", () => {
  it.each<[string, SourceIntent, NodeClockSpec | undefined, string | null]>([
    ["is unknown without a plan", aSource(), undefined, null],
    ["is the one under the same number", aSource(["eth0"]), aStandingPlan([4, "eth0"], [5, "eth1"]), "eth1"],
    ["is among those the one that the source names", aSource(["eth1"]), aStandingPlan([5, "eth0"], [5, "eth1"]), "eth1"],
    ["is any, when the number is new", aSource(), aStandingPlan([4, "eth0"]), "eth0"],
  ])("%s", (_sentence, source, standing, expected) => {
    expect(recallServed(standing, source, 5)).toBe(expected);
  });
});
