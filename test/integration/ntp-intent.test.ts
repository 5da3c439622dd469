/**
 * NTP as a user asks for it, on a real API server: the chart's first sample and what lies beyond it reach agents that speak the
 * protocol, and what they say comes back. What an engine does with it is the node agent's own subject.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { GrandmasterStatus, NodeClockSpec, NodeClockStatus, Resource, TimeDomainStatus } from "@meridian/crds";
import { TestAgent } from "@meridian/operator/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { createNodes, createToken, installMeridian, readHubCa, writeOperatorKubeconfig } from "../lab/cluster.js";
import { type OperatorProcess, startOperator } from "../lab/operator-process.js";
import { repositoryRoot } from "../lab/repository.js";

const missing = await missingComponents();
const nodes = [
  { name: "one", address: "10.0.0.1", zone: "a" },
  { name: "two", address: "10.0.0.2", zone: "b" },
];
const sample = join(repositoryRoot(), "crds/samples/valid/00-quick-start.yaml");

describe.skipIf(missing !== null)(`NTP on a real cluster${missing === null ? "" : ` (${missing})`}`, () => {
  let directory: string;
  let plane: ControlPlane;
  let operator: OperatorProcess;
  const agents: TestAgent[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "meridian-ntp-"));
    plane = await startControlPlane({ directory: join(directory, "plane") });
    await installMeridian(plane.kubectl);
    await createNodes(plane.kubectl, nodes);
    const kubeconfig = join(directory, "operator.kubeconfig");
    await writeOperatorKubeconfig(plane.kubectl, plane.kubeconfig, kubeconfig);
    operator = await startOperator({ directory, kubeconfig, hubAddress: "127.0.0.1:0" });
  }, 120_000);
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.leave();
    await plane.kubectl.run(["delete", "timedomains,grandmasters,clockprofiles", "--all", "--wait=false"]);
    await eventually(async () => (await list("nodeclocks")).length === 0);
  });
  afterAll(async () => {
    await operator?.process.stop();
    await plane?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** An agent that has no interface worth mentioning: NTP needs none. */
  const join_ = async (name: string): Promise<TestAgent> => {
    const hello = { nodeName: name, capabilities: { clocks: [{ name: "system", type: "System", device: "realtime:" }], canSteer: true } };
    const token = await createToken(plane.kubectl, { node: name });
    const agent = TestAgent.connect({ address: operator.hub, authority: await readHubCa(plane.kubectl), token, hello });
    agents.push(agent);
    return agent;
  };
  const list = async <Spec, Status>(kind: string): Promise<Resource<Spec, Status>[]> =>
    (await plane.kubectl.get<{ items: Resource<Spec, Status>[] }>([kind])).items;
  const nodeClock = async (name: string) =>
    (await list<NodeClockSpec, NodeClockStatus>("nodeclocks")).find(({ spec }) => spec.nodeName === name);
  const conditionOf = async (kind: string, name: string, type: string) => {
    const found = (await list<unknown, NodeClockStatus | TimeDomainStatus>(kind)).find(({ metadata }) => metadata.name === name);
    return found?.status?.conditions?.find((condition) => condition.type === type);
  };
  const configured = async (agent: TestAgent) =>
    (await agent.until(({ config }) => (config?.config?.associations?.length ?? 0) > 0)).config ?? {};

  it("is asked for in the first sample, and comes back as time: stratum, reference and all", async () => {
    const [one, two] = [await join_("one"), await join_("two")];
    await plane.kubectl.run(["apply", "-f", "-"], readFileSync(sample, "utf8"));
    for (const agent of [one, two]) {
      const { config, revision } = await configured(agent);
      expect(config).toMatchObject({ role: "OrdinaryClock", hostTimeDaemon: "Refuse", receivers: [], transmitters: [] });
      expect(config).not.toHaveProperty("ntpServer.allowedCidrs");
      expect(config?.associations).toEqual([
        expect.objectContaining({ source: "main", address: "time.example.com", port: 123, log2MinPollInterval: 4, log2MaxPollInterval: 6 }),
      ]);
      const source = { name: "main", state: "Healthy", stratum: 2, referenceId: "192.0.2.1" };
      const clock = { state: "PhaseAligned", stateReason: "Locked", selectedUpstream: "main", calibrated: { nanoseconds: 900_000 } };
      agent.send({ applied: { revision: revision ?? "", parts: [{ part: "ntp/main", ok: true }] } });
      agent.send({ report: { sequence: 1, ...clock, sources: [source] } });
    }
    await plane.kubectl.run(["wait", "--for=condition=Ready", "--timeout=20s", "timedomain/cluster", "grandmaster/main"]);
    expect((await nodeClock("one"))?.spec.upstreams).toEqual([
      expect.objectContaining({ name: "main", protocol: "NTP", address: "time.example.com" }),
    ]);
    expect((await nodeClock("one"))?.status).toMatchObject({ state: "PhaseAligned", stratum: 2, referenceID: "192.0.2.1" });
    expect((await list<unknown, GrandmasterStatus>("grandmasters"))[0]?.status).toMatchObject({ state: "Healthy", stratum: 2 });
  });

  it("that an agent's version does not know is said of its node, and of no other", async () => {
    const [one, two] = [await join_("one"), await join_("two")];
    await plane.kubectl.run(["apply", "-f", "-"], readFileSync(sample, "utf8"));
    const answer = async (agent: TestAgent, parts: { part: string; ok: boolean }[]) =>
      agent.send({ applied: { revision: (await configured(agent)).revision ?? "", parts } });
    await answer(one, [{ part: "clock", ok: true }]);
    await answer(two, [
      { part: "ntp/main", ok: true },
      { part: "clock", ok: true },
    ]);
    await eventually(async () => (await conditionOf("nodeclocks", "one", "ConfigApplied"))?.reason === "NoCapability");
    expect((await conditionOf("nodeclocks", "one", "ConfigApplied"))?.message).toBe(
      "ntp/main: this agent's version has no NTP; upgrade it",
    );
    await eventually(async () => (await conditionOf("nodeclocks", "two", "ConfigApplied"))?.reason === "Applied");
  });

  it("is served by the members that the domain selects, to the networks that it names", async () => {
    const [one, two] = [await join_("one"), await join_("two")];
    await plane.kubectl.run(["apply", "-f", "-"], readFileSync(sample, "utf8"));
    await plane.kubectl.run(["label", "node", "one", "serves-time=yes"]);
    const ntp = { nodeSelector: { matchLabels: { "serves-time": "yes" } }, allowedCIDRs: ["192.0.2.0/24"] };
    const patch = JSON.stringify({ spec: { serve: { ntp } } });
    await plane.kubectl.run(["patch", "timedomain", "cluster", "--type=merge", "-p", patch]);
    const { config } = (await one.until(({ config: sent }) => sent?.config?.ntpServer != null)).config ?? {};
    expect(config?.ntpServer).toMatchObject({ port: 123, allowedCidrs: ["192.0.2.0/24"] });
    expect((await nodeClock("one"))?.spec.serves).toEqual([{ protocol: "NTP" }]);
    expect((await nodeClock("two"))?.spec).not.toHaveProperty("serves");
    await sleep(500);
    expect(two.received.some(({ config: sent }) => sent?.config?.ntpServer != null)).toBe(false);
  });

  it("stands back for another daemon, which node and domain name, until the user says to measure beside it", async () => {
    const one = await join_("one");
    await plane.kubectl.run(["apply", "-f", "-"], readFileSync(sample, "utf8"));
    await configured(one);
    const conflicts = [{ process: "chronyd (pid 812)", clock: "system", evidence: "Running" }];
    one.send({ report: { sequence: 1, state: "Conflicted", stateReason: "OtherDaemonSteers", conflicts } });
    await eventually(async () => (await conditionOf("nodeclocks", "one", "Conflicted"))?.status === "True");
    expect((await nodeClock("one"))?.status).toMatchObject({
      state: "Conflicted",
      conflicts: [{ process: "chronyd (pid 812)", clock: "system" }],
    });
    await eventually(async () => (await conditionOf("timedomains", "cluster", "Ready"))?.message.includes("chronyd (pid 812)") === true);
    expect((await list<unknown, TimeDomainStatus>("timedomains"))[0]?.status?.nodes?.conflicted).toBe(1);
    await plane.kubectl.run(["patch", "timedomain", "cluster", "--type=merge", "-p", '{"spec":{"hostTimeDaemon":"Observe"}}']);
    await one.until(({ config }) => config?.config?.hostTimeDaemon === "Observe");
    one.send({ report: { sequence: 2, state: "PhaseAligned", stateReason: "Locked", conflicts } });
    await eventually(async () => (await conditionOf("nodeclocks", "one", "Conflicted"))?.reason === "Observed");
  });
});

async function eventually(holds: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`did not happen within ${String(limitMs / 1000)} s`);
    await sleep(200);
  }
}
