import type { NodeClockSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { promisedParts } from "./promised-parts.js";
import { type PolicyObjects, resolveConfig } from "./resolve-config.js";

const spec: NodeClockSpec = { nodeName: "n", domainRef: { name: "plant" }, role: "OrdinaryClock", roleReason: "FollowsSources" };
const upstream = { type: "Grandmaster", priority: 100, use: "Primary", reason: "HighestPriority" } as const;
const asking: NodeClockSpec = {
  ...spec,
  serves: [{ protocol: "NTP" }],
  upstreams: [
    { ...upstream, name: "a", grandmasterRef: { name: "ntp" }, protocol: "NTP", address: "192.0.2.123" },
    { ...upstream, name: "b", grandmasterRef: { name: "ext" }, protocol: "PTP", domainNumber: 4, interface: "eth0" },
  ],
};
const objects: PolicyObjects = {
  domain: () => ({
    objective: { maxErrorNanoseconds: 1000 },
    members: { nodeSelector: {} },
    sources: [{ name: "a", grandmasterRef: { name: "ntp" } }],
    serve: { ntp: { allowedCIDRs: ["10.0.0.0/8"] } },
  }),
  grandmaster: (name) =>
    name === "ntp"
      ? { type: "ExternalNTP", externalNTP: { address: "192.0.2.123" } }
      : { type: "ExternalPTP", externalPTP: { domainNumber: 4, addresses: ["192.0.2.1"] } },
  profile: () => undefined,
};

describe("what an agent has to answer for", () => {
  it("is all of NTP, under the revision that it was given", () => {
    const resolution = resolveConfig(asking, objects);
    if (resolution.kind === "unresolved") throw new Error(resolution.reason);
    expect(promisedParts(asking, objects)).toEqual({ revision: resolution.revision, parts: ["ntp/a", "serve/ntp"] });
  });

  it("is nothing where no NTP is planned, or nothing could be given", () => {
    expect(promisedParts(spec, objects)).toBeNull();
    expect(promisedParts({ ...asking, serves: [], upstreams: asking.upstreams?.slice(1) ?? [] }, objects)).toBeNull();
    expect(promisedParts(asking, { ...objects, grandmaster: () => undefined })).toBeNull();
  });
});
