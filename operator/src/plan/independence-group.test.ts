import type { GrandmasterSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { readIndependenceGroup } from "./independence-group.js";

const on = (nodeName: string, device: string): GrandmasterSpec => ({
  type: "Node",
  node: { nodeName, reference: { type: "PHC", phc: { device } } },
});
const external = (domainNumber: number, addresses: string[]): GrandmasterSpec => ({
  type: "ExternalPTP",
  externalPTP: { domainNumber, addresses },
});

describe("an independence group", () => {
  it("is the user's where one is given", () => {
    expect(readIndependenceGroup("gm", { ...on("n", "/dev/ptp0"), independenceGroup: "roof" })).toBe("roof");
  });

  it("is one for two names of one device or of one foreign clock", () => {
    expect(readIndependenceGroup("a", on("n", "/dev/ptp0"))).toBe(readIndependenceGroup("b", on("n", "/dev/ptp0")));
    expect(readIndependenceGroup("a", external(7, ["10.0.0.1", "10.0.0.2"]))).toBe(
      readIndependenceGroup("b", external(7, ["10.0.0.2", "10.0.0.1"])),
    );
  });

  it("differs for what can be wrong by itself", () => {
    const groups = [on("n", "/dev/ptp0"), on("n", "/dev/ptp1"), on("m", "/dev/ptp0"), external(7, ["10.0.0.1"]), external(8, ["10.0.0.1"])];
    expect(new Set(groups.map((spec) => readIndependenceGroup("gm", spec))).size).toBe(groups.length);
  });
});
