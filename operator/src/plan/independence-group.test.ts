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
const ntp = (address: string, port?: number): GrandmasterSpec => ({
  type: "ExternalNTP",
  externalNTP: { address, ...(port === undefined ? {} : { port }) },
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
    expect(readIndependenceGroup("a", ntp("10.0.0.1"))).toBe(readIndependenceGroup("b", ntp("10.0.0.1", 123)));
  });

  it("differs for what can be wrong by itself", () => {
    const owned = [on("n", "/dev/ptp0"), on("n", "/dev/ptp1"), on("m", "/dev/ptp0")];
    const servers = [ntp("10.0.0.1"), ntp("10.0.0.1", 1123), ntp("10.0.0.2"), ntp("time.example.com")];
    const groups = [...owned, external(7, ["10.0.0.1"]), external(8, ["10.0.0.1"]), ...servers];
    expect(new Set(groups.map((spec) => readIndependenceGroup("gm", spec))).size).toBe(groups.length);
  });
});
