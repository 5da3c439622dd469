/** The CRDs as a real API server takes them: every sample, every rule, what kubectl shows, what a status may say. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { allResources, type NodeClockSpec, type NodeClockStatus, toStructural, walkRules } from "@meridian/crds";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findComponent, usesExistingCluster } from "../controlplane/assets.js";
import { builtBinaries } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import type { Kubectl } from "../controlplane/kubectl.js";
import { repositoryRoot } from "../lab/repository.js";

const manifests = join(repositoryRoot(), "crds/manifests");
const apiVersion = "time.meridian.io/v1alpha1";
const samplesOf = (folder: "valid" | "invalid") => {
  const directory = join(repositoryRoot(), "crds/samples", folder);
  return readdirSync(directory)
    .sort()
    .map((file) => ({ file, path: join(directory, file) }));
};

/** Why nothing here can run; empty: it can. */
async function findReason(): Promise<string> {
  const built = await builtBinaries();
  const needed = usesExistingCluster(process.env) ? (["kubectl"] as const) : (["etcd", "kube-apiserver", "kubectl"] as const);
  const missing = needed.filter((component) => findComponent(component, built, process.env) === null);
  return missing.length === 0 ? "" : `no ${missing.join(", ")}: run \`npm run build\` with Go installed, or set KUBEBUILDER_ASSETS`;
}

const reason = await findReason();
let plane: ControlPlane;
let kubectl: Kubectl;
let dryRunOnBareCluster = "";

beforeAll(async () => {
  if (reason !== "") return;
  plane = await startControlPlane({ controllerManager: false });
  kubectl = plane.kubectl;
  // Before they are installed, as a GitOps tool compares them; a warning is a failure.
  dryRunOnBareCluster = await kubectl.run(["apply", "--dry-run=server", "--warnings-as-errors", "-f", manifests]);
  await kubectl.run(["apply", "--server-side", "-f", manifests]);
  const names = allResources.map(({ plural }) => `crd/${plural}.time.meridian.io`);
  await kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", ...names]);
}, 180_000);
beforeEach(({ skip }) => skip(reason !== "", reason));
afterAll(async () => plane?.stop());

const complaintOf = async (answer: Promise<string>): Promise<string> =>
  answer.then(
    (output) => `accepted: ${output}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe("the manifests", () => {
  it("pass a server-side dry run without a warning", () => {
    expect(dryRunOnBareCluster.trim().split("\n")).toHaveLength(allResources.length);
  });

  it("are what the API server keeps: applying them again changes nothing", async () => {
    const output = await kubectl.run(["diff", "--server-side", "-f", manifests]); // exits 1 where something differs
    expect(output).toBe("");
  });

  it("hold structural schemas without a complaint of the API server", async () => {
    const { items } = await kubectl.get<{ items: { status: { conditions: { type: string; status: string }[] } }[] }>(["crd"]);
    expect(items.length).toBeGreaterThanOrEqual(allResources.length);
    for (const { status } of items) {
      expect(status.conditions.filter(({ type }) => type === "NonStructuralSchema")).toEqual([]);
      expect(status.conditions.find(({ type }) => type === "NamesAccepted")?.status).toBe("True");
    }
  });
});

describe("valid samples", () => {
  it.each(samplesOf("valid"))("$file passes", async ({ path }) => {
    const output = await kubectl.run(["apply", "--dry-run=server", "--validate=strict", "--warnings-as-errors", "-f", path]);
    expect(output).toContain("(server dry run)");
  });

  it.each([
    ["00-quick-start.yaml", "type: ExternalNTP"],
    ["05-own-clock.yaml", "type: Node"],
  ])("%s has twelve lines, the one between its documents included", (file, source) => {
    const text = readFileSync(join(repositoryRoot(), "crds/samples/valid", file), "utf8");
    expect(text).toContain(source);
    expect(text.split("\n").filter((line) => /^[^#]/.test(line)).length).toBeLessThanOrEqual(12);
  });
});

describe("invalid samples", () => {
  const samples = samplesOf("invalid");
  const complaints = new Map<string, string>();
  beforeAll(async () => {
    if (reason !== "") return;
    const queue = [...samples];
    const work = async (): Promise<void> => {
      for (let sample = queue.shift(); sample; sample = queue.shift())
        complaints.set(sample.file, await complaintOf(kubectl.run(["apply", "--dry-run=server", "--validate=strict", "-f", sample.path])));
    };
    await Promise.all([work(), work(), work()]);
  }, 180_000);

  it.each(samples)("$file is refused, and the answer names the field", ({ file, path }) => {
    const expected = /^# error: (.+)$/m.exec(readFileSync(path, "utf8"))?.[1];
    expect(expected).toMatch(/spec|metadata/);
    expect(complaints.get(file)).toContain(expected);
  });

  it("break every rule of every kind at least once", () => {
    const all = [...complaints.values()].map((text) => text.replaceAll(/\[\d+\]/g, "[]"));
    const unbroken: string[] = [];
    for (const { kind, spec } of allResources) {
      walkRules(toStructural(spec), "spec", (path, { rule, message }) => {
        // What compares with the old object needs an update: see below.
        if (rule.includes("oldSelf")) return;
        if (
          !all.some((text) => text.includes(`The ${kind} "`) && new RegExp(`${escape(path)}: \\w+ value: .*${escape(message)}`).test(text))
        )
          unbroken.push(`${kind} ${path}: ${message}`);
      });
    }
    expect(unbroken).toEqual([]);
  });

  it("are refused by server-side apply as well when a field is unknown", async () => {
    const path = samples.find(({ file }) => file === "timedomain-unknown-field.yaml")?.path ?? "";
    const complaint = await complaintOf(kubectl.run(["apply", "--server-side", "--dry-run=server", "--validate=false", "-f", path]));
    expect(complaint).toContain("maximumErrorNanoseconds: field not declared in schema");
  });
});

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

const nodeGrandmaster = {
  apiVersion,
  kind: "Grandmaster",
  metadata: { name: "kept" },
  spec: {
    type: "Node",
    node: { nodeName: "n1", reference: { type: "SystemClock" } },
    calibration: { uncertaintyNanoseconds: 1000 },
  },
};

describe("updates", () => {
  it("of a Grandmaster's type are refused, of the rest are not", async () => {
    await kubectl.apply([nodeGrandmaster]);
    const external = { ...nodeGrandmaster, spec: { type: "ExternalPTP", externalPTP: { addresses: ["192.0.2.10"], domainNumber: 0 } } };
    const complaint = await complaintOf(kubectl.run(["replace", "-f", "-"], JSON.stringify(external)));
    expect(complaint).toContain("spec.type: Invalid value: type is immutable: create another Grandmaster");
    const server = { ...nodeGrandmaster, spec: { type: "ExternalNTP", externalNTP: { address: "192.0.2.123" } } };
    expect(await complaintOf(kubectl.run(["replace", "-f", "-"], JSON.stringify(server)))).toContain("type is immutable");
    await kubectl.apply([{ ...nodeGrandmaster, spec: { ...nodeGrandmaster.spec, calibration: { uncertaintyNanoseconds: 2000 } } }]);
  });

  it("of a NodeClock's node are refused, of the rest are not", async () => {
    await kubectl.apply([nodeClock("moved", { nodeName: "n1" })]);
    const complaint = await complaintOf(kubectl.apply([nodeClock("moved", { nodeName: "n2" })]));
    expect(complaint).toContain("spec.nodeName: Invalid value: nodeName is immutable");
    await kubectl.apply([nodeClock("moved", { nodeName: "n1", role: "Observer" })]);
  });
});

describe("what kubectl shows", () => {
  beforeAll(async () => {
    if (reason !== "") return;
    for (const file of ["00-quick-start.yaml", "20-profile.yaml", "90-node-clock.yaml"])
      await kubectl.run(["apply", "--server-side", "--force-conflicts", "-f", join(repositoryRoot(), "crds/samples/valid", file)]);
  });

  it.each([
    ["td", "READY SYNCED NODES WORST-BOUND-NS SOURCES PROFILE AGE", "OBJECTIVE-NS MESSAGE"],
    ["gm", "READY TYPE NODE STATE CLASS AGE", "IDENTITY MESSAGE"],
    ["cprof", "READY BASE AGE", "MESSAGE"],
    ["nc", "DOMAIN ROLE UPSTREAM STATE BOUND-NS CHANGED", "OFFSET-NS AS-OF MESSAGE"],
  ])("of %s are the agreed columns", async (name, narrow, wide) => {
    const columns = async (...flags: string[]) => (await kubectl.run(["get", name, ...flags])).split("\n")[0]?.trim().split(/\s+/);
    expect(await columns()).toEqual(["NAME", ...narrow.split(" ")]);
    expect(await columns("-o", "wide")).toEqual(["NAME", ...narrow.split(" "), ...wide.split(" ")]);
  });

  it("are all kinds, by their category", async () => {
    const names = (await kubectl.run(["get", "meridian", "-o", "name"])).trim().split("\n");
    const kinds = new Set(names.map((name) => name.split(".")[0]));
    expect(kinds).toEqual(new Set(allResources.map(({ singular }) => singular)));
  });

  it.each([
    ["timedomain", "Keeps a set of nodes"],
    ["timedomain.spec.objective", "How good the time has to be."],
    ["timedomain.spec.objective.maxErrorNanoseconds", "A member is synchronized while"],
    ["grandmaster.spec.announce.priority1", "a wire field, lower wins"],
    ["nodeclock.status.lastSample.offsetNanoseconds", "local − reference."],
  ])("explains %s", async (field, text) => {
    const explained = await kubectl.run(["explain", field]);
    expect(explained.replaceAll(/\s+/g, " ")).toContain(text);
  });

  it("of NodeClocks can be selected by domain, role, node and state", async () => {
    const select = async (selector: string) => (await kubectl.run(["get", "nc", "--field-selector", selector, "-o", "name"])).trim();
    const name = "nodeclock.time.meridian.io/time-east";
    expect(await select("spec.domainRef.name=trading,spec.role=Grandmaster")).toBe(name);
    expect(await select("spec.nodeName=time-east")).toBe(name);
    expect(await select("status.state=Melting")).toBe("");
  });
});

describe("defaults", () => {
  it("of a TimeDomain are the constants of the API", async () => {
    const domain = await kubectl.get<{ spec: object }>(["td", "cluster"]);
    expect(domain.spec).toMatchObject({
      priority: 0,
      paused: false,
      objective: { bound: "Calibrated", minimumIndependentSources: 1 },
      sources: [{ priority: 100, use: "Primary" }],
      topology: { redundancy: 2, failureDomainKey: "topology.kubernetes.io/zone" },
      stepping: { mode: "OnStart", thresholdNanoseconds: 10_000_000 },
      hostTimeDaemon: "Refuse",
    });
    expect(domain.spec).not.toHaveProperty("serve");
  });

  it("of an NTP server is its port, and no uncertainty is required of it: it says its own", async () => {
    expect((await kubectl.get<{ spec: object }>(["gm", "main"])).spec).toEqual({
      type: "ExternalNTP",
      externalNTP: { address: "time.example.com", port: 123, leapSmear: false },
    });
  });

  it("of a ClockProfile stay with its base: nothing is written into the object", async () => {
    const profile = await kubectl.get<{ spec: object }>(["cprof", "standard"]);
    expect(profile.spec).toEqual({ ptp: { base: "ieee1588-e2e" } });
  });
});

describe("status", () => {
  const patch = (kind: string, name: string, status: object) =>
    kubectl.run(["patch", kind, name, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);

  it("takes a state word that this version does not know", async () => {
    await patch("nc", "worker-1", { state: "Melting", stateReason: "TooHot" });
    expect(await kubectl.run(["get", "nc", "worker-1", "-o", "jsonpath={.status.state}"])).toBe("Melting");
    const source = { name: "main", state: "Melting", reason: "TooHot", usedByNodes: 0, stateTransitionTime: "2026-01-01T00:00:00Z" };
    await patch("td", "cluster", { sources: [source] });
    await patch("gm", "main", { state: "Melting" });
  });

  it("refuses prose where a word belongs", async () => {
    expect(await complaintOf(patch("nc", "worker-1", { state: "it melts" }))).toContain("status.state: Invalid value");
  });

  it("is written through its subresource only", async () => {
    const output = await kubectl.run(["patch", "nc", "time-east", "--type=merge", "-p", JSON.stringify({ status: { state: "Holdover" } })]);
    expect(output).toContain("no change");
  });

  it("of a usual member keeps its NodeClock within 3 kB", async () => {
    const name = "ip-10-120-33-201.eu-central-1.compute.internal";
    await kubectl.apply([nodeClock(name, { nodeName: name, upstreams: usualUpstreams })], "--field-manager", "meridian-operator");
    const status = { apiVersion, kind: "NodeClock", metadata: { name }, status: usualStatus };
    // As the operator does: its apply holds no spec.
    await kubectl.apply([status], "--subresource=status", "--validate=false", "--field-manager", "meridian-operator");
    const object = await kubectl.get<{ status: object }>(["nc", name]);
    expect(object.status).toEqual(usualStatus);
    // Without managedFields, as kubectl shows it: those depend on how many writers there are.
    expect(JSON.stringify(object).length).toBeLessThanOrEqual(3_000);
  });
});

function nodeClock(name: string, spec: Partial<NodeClockSpec>): object {
  const base = { domainRef: { name: "trading" }, role: "OrdinaryClock", roleReason: "FollowsSources" };
  return { apiVersion, kind: "NodeClock", metadata: { name }, spec: { ...base, ...spec } };
}

/** Default redundancy and a Fallback. */
const usualUpstreams: NonNullable<NodeClockSpec["upstreams"]> = (["Primary", "Primary", "Fallback"] as const).map((use, index) => ({
  name: `source-${String(index)}`,
  type: "Grandmaster",
  grandmasterRef: { name: `grandmaster-${String(index)}` },
  protocol: "PTP",
  domainNumber: 24 + index,
  address: `10.120.33.${String(100 + index)}`,
  interface: "enp129s0f0np0",
  priority: 100,
  use,
  reason: "OtherFailureDomain",
}));

const time = "2026-01-01T00:00:00Z";
const usualStatus: NodeClockStatus = {
  // In the operator's words.
  conditions: [
    ["Synchronized", "True", "WithinObjective", "the clock is within 1 µs of true time"],
    ["AgentConnected", "True", "Connected", "the agent's stream stands, or broke less than 30 s ago"],
    ["ConfigApplied", "True", "Applied", "every part of the configuration runs"],
    ["Conflicted", "False", "None", "nobody else steers the clock"],
  ].map(([type = "", status = "", reason_ = "", message = ""]) => ({
    type,
    status: status as "True" | "False",
    observedGeneration: 1,
    lastTransitionTime: time,
    reason: reason_,
    message,
  })),
  state: "PhaseAligned",
  stateReason: "Locked",
  stateTransitionTime: time,
  selectedUpstream: "source-0",
  errorBoundNanoseconds: 200,
  guaranteedErrorNanoseconds: 2000,
  grandmasterIdentity: "00a069.fffe.012345",
  stepsRemoved: 1,
  interfaces: ["enp129s0f0np0", "enp129s0f1np1"].map((name, index) => ({
    name,
    phc: `/dev/ptp${String(index)}`,
    timestamping: "Hardware",
  })),
  clocks: [
    { name: "system", type: "System", device: "realtime" },
    { name: "/dev/ptp0", type: "PHC", device: "/dev/ptp0" },
    { name: "/dev/ptp1", type: "PHC", device: "/dev/ptp1" },
  ],
  transitions: ["Unknown", "Acquiring", "FrequencyLocked", "PhaseAligned", "Holdover"].map((state) => ({
    time,
    state,
    reason: "SourceLost",
  })),
  lastSample: { time, offsetNanoseconds: -123_456, frequencyPartsPerBillion: -12_345, pathDelayNanoseconds: 54_321 },
};
