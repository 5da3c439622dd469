import { describe, expect, it } from "vitest";
import type { Grandmaster } from "../../kinds.js";
import { aSource, aView } from "../../testing/an-agent.js";
import { type GrandmasterFacts, grandmasterStatus } from "./grandmaster-status.js";

const owned: Grandmaster = {
  apiVersion: "time.meridian.io/v1alpha1",
  kind: "Grandmaster",
  metadata: { name: "gm-a", generation: 1 },
  spec: { type: "Node", node: { nodeName: "a", reference: { type: "SystemClock" } }, calibration: { uncertaintyNanoseconds: 100 } },
};
const external: Grandmaster = {
  ...owned,
  spec: { type: "ExternalPTP", externalPTP: { domainNumber: 7, clockIdentity: "020000.fffe.000001" } },
};
const tell = (change: Partial<GrandmasterFacts> = {}) =>
  grandmasterStatus(
    {
      grandmaster: owned,
      domains: ["plant"],
      opinions: [aSource(), aSource()],
      nodeExists: true,
      agent: aView(),
      serverState: "PhaseAligned",
      ...change,
    },
    new Date("2026-01-01T00:00:00Z"),
  );
const condition = (status: ReturnType<typeof tell>, type: string) => status.conditions?.find((candidate) => candidate.type === type);

describe("Grandmaster.status", () => {
  it("says what the members see of it", () => {
    const status = tell();
    expect(status).toMatchObject({
      observedGeneration: 1,
      state: "Healthy",
      nodeName: "a",
      clockIdentity: "020000.fffe.000001",
      clockClass: 6,
      currentUtcOffsetSeconds: 37,
      domains: ["plant"],
    });
    expect(condition(status, "Ready")?.status).toBe("True");
  });

  it.each([
    ["its node does not exist", { nodeExists: false, agent: undefined }, "Accepted", "NodeNotFound"],
    [
      "its node has no such clock",
      {
        grandmaster: {
          ...owned,
          spec: { ...owned.spec, node: { nodeName: "a", reference: { type: "PHC" as const, phc: { device: "/dev/ptp9" } } } },
        },
      },
      "Accepted",
      "DeviceNotFound",
    ],
    [
      "somebody else answers",
      { grandmaster: external, opinions: [aSource({ grandmasterIdentity: "0a0000.fffe.000009" })] },
      "Accepted",
      "UnexpectedIdentity",
    ],
    ["nobody hears it", { opinions: [aSource({ state: "NoAnswer" })] }, "Reachable", "NoAnswer"],
    ["some do not hear it", { opinions: [aSource(), aSource({ state: "NoAnswer" })] }, "Reachable", "PartlyReachable"],
    ["the vote is against it", { opinions: [aSource({ state: "Falseticker", reason: "Disjoint" })] }, "Healthy", "Falseticker"],
    ["its node has lost the reference", { serverState: "Holdover" }, "Healthy", "Holdover"],
    [
      "its node has lost the reference and says so",
      { serverState: "Holdover", opinions: [aSource({ state: "Unsynchronized" })] },
      "Healthy",
      "Holdover",
    ],
    ["it is wrong besides", { serverState: "Holdover", opinions: [aSource({ state: "Falseticker" })] }, "Healthy", "Falseticker"],
    ["it serves no true time", { opinions: [aSource({ state: "Unsynchronized", reason: "Uncertain" })] }, "Healthy", "Unsynchronized"],
  ])("is not ready when %s", (_what, change, type, reason) => {
    const status = tell(change);
    expect(condition(status, type)).toMatchObject({ status: "False", reason });
    expect(condition(status, "Ready")).toMatchObject({ status: "False", reason });
  });

  it("is described by what most agents see, whatever one of them says", () => {
    const liar = aSource({ grandmasterIdentity: "0a0000.fffe.0000ee", clockClass: 255, currentUtcOffset: -1 });
    const status = tell({ opinions: [liar, aSource(), aSource()] });
    expect(status).toMatchObject({ clockIdentity: "020000.fffe.000001", clockClass: 6, currentUtcOffsetSeconds: 37 });
    const described = tell({ grandmaster: { ...external, spec: { ...external.spec } }, opinions: [liar, aSource(), aSource()] });
    expect(condition(described, "Accepted")?.status).toBe("True");
  });

  it("of an NTP server says the stratum that most members see, and no identity, as it has none", () => {
    const server: Grandmaster = { ...owned, spec: { type: "ExternalNTP", externalNTP: { address: "time.example.com" } } };
    const seen = (stratum: number | null, state = "Healthy") =>
      aSource({ stratum, state, grandmasterIdentity: "", clockClass: 0, currentUtcOffset: null });
    const opinions = [seen(2), seen(1), seen(2), seen(null, "NoAnswer")];
    const status = tell({ grandmaster: server, opinions, nodeExists: false, agent: undefined, serverState: null });
    expect(status).toMatchObject({ state: "Healthy", stratum: 2 });
    for (const field of ["clockIdentity", "clockClass", "nodeName"]) expect(status).not.toHaveProperty(field);
    expect(condition(status, "Accepted")?.status).toBe("True");
    expect(condition(status, "Healthy")?.status).toBe("True");
    expect(condition(status, "Reachable")).toMatchObject({ status: "False", reason: "PartlyReachable" });
  });

  it("is content with one that nobody uses, and claims to know nothing of its clock", () => {
    const status = tell({ domains: [], opinions: [] });
    expect(condition(status, "Reachable")).toMatchObject({ status: "Unknown", reason: "NotUsed" });
    expect(condition(status, "Ready")).toMatchObject({ status: "True", reason: "NotUsed" });
    expect(condition(status, "Healthy")?.status).toBe("Unknown");
    expect(status).not.toHaveProperty("clockIdentity");
  });
});
