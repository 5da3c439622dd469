/**
 * Operator and hub on a real API server: who is let in, and how intent reaches an agent. Agents here speak the protocol over
 * real TLS and gRPC with real projected tokens; what a real engine does with it is test/e2e's subject.
 */
import { createPrivateKey, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeClockSpec, NodeClockStatus, Resource, TimeDomainSpec, TimeDomainStatus } from "@meridian/crds";
import { TestAgent } from "@meridian/operator/testing";
import { CloseCode, type HubMessage } from "@meridian/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { usesExistingCluster } from "../controlplane/assets.js";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import {
  createNodes,
  createToken,
  type FakeNode,
  installMeridian,
  operatorNamespace,
  readHubCa,
  writeOperatorKubeconfig,
} from "../lab/cluster.js";
import { type OperatorProcess, startOperator } from "../lab/operator-process.js";

const missing = await missingComponents();
/** Its API server and its keys are not ours. */
const existing = usesExistingCluster(process.env);
const nodes: readonly FakeNode[] = [
  { name: "gm", address: "10.0.0.1", zone: "a", labels: { time: "on" } },
  { name: "worker", address: "10.0.0.2", zone: "b", labels: { time: "on" } },
  { name: "spare", address: "10.0.0.3", zone: "c" },
];
const grandmaster = {
  apiVersion: "time.meridian.io/v1alpha1",
  kind: "Grandmaster",
  metadata: { name: "roof" },
  spec: {
    type: "Node",
    node: { nodeName: "gm", reference: { type: "PHC", phc: { device: "/dev/ptp0" } } },
    calibration: { uncertaintyNanoseconds: 100 },
  },
};
/** A node whose sources are still waited for is told its role first, and its ports later. */
const isConfigured = ({ config }: HubMessage): boolean =>
  (config?.config?.transmitters?.length ?? 0) + (config?.config?.receivers?.length ?? 0) > 0;
const domainOf = (change: object = {}) => ({
  apiVersion: "time.meridian.io/v1alpha1",
  kind: "TimeDomain",
  metadata: { name: "plant" },
  spec: {
    objective: { maxErrorNanoseconds: 100_000 },
    members: { nodeSelector: { matchLabels: { time: "on" } } },
    sources: [{ name: "roof", grandmasterRef: { name: "roof" } }],
    ...change,
  },
});

describe.skipIf(missing !== null)(`the hub on a real cluster${missing === null ? "" : ` (${missing})`}`, () => {
  let directory: string;
  let plane: ControlPlane;
  let operator: OperatorProcess;
  let kubeconfig: string;
  const agents: TestAgent[] = [];

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "meridian-hub-"));
    plane = await startControlPlane({ directory: join(directory, "plane") });
    await installMeridian(plane.kubectl);
    await createNodes(plane.kubectl, nodes);
    kubeconfig = join(directory, "operator.kubeconfig");
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

  const connect = async (token: string | null, hello: object): Promise<TestAgent> => {
    const agent = TestAgent.connect({ address: operator.hub, authority: await readHubCa(plane.kubectl), token, hello });
    agents.push(agent);
    return agent;
  };
  const capabilitiesOf = ({ address, name }: FakeNode) => ({
    interfaces: [{ name: "eth0", addresses: [address], timestamping: "Software", phcIndex: -1 }],
    clocks: [
      { name: "system", type: "System", device: "realtime:" },
      ...(name === "gm" ? [{ name: "/dev/ptp0", type: "PHC", device: "phc:/dev/ptp0" }] : []),
    ],
    canSteer: true,
  });
  const join_ = async (name: string, hello: object = {}): Promise<TestAgent> => {
    const node = nodes.find((candidate) => candidate.name === name) ?? { name, address: "10.0.0.99", zone: "z" };
    return connect(await createToken(plane.kubectl, { node: name }), { nodeName: name, capabilities: capabilitiesOf(node), ...hello });
  };
  const list = async <Spec, Status>(kind: string): Promise<Resource<Spec, Status>[]> =>
    (await plane.kubectl.get<{ items: Resource<Spec, Status>[] }>([kind])).items;
  const nodeClock = async (name: string) =>
    (await list<NodeClockSpec, NodeClockStatus>("nodeclocks")).find(({ spec }) => spec.nodeName === name);
  const domainCondition = async (type: string) => {
    const domains = await list<TimeDomainSpec, TimeDomainStatus>("timedomains");
    return domains[0]?.status?.conditions?.find((condition) => condition.type === type);
  };
  const revisions = (agent: TestAgent) => agent.received.flatMap(({ config }) => (config?.revision ? [config.revision] : []));

  describe("lets nobody in with", () => {
    it.each([
      ["no token", () => Promise.resolve(null)],
      ["a token that is none", () => Promise.resolve("not.a.token")],
      ["a token for another audience", () => createToken(plane.kubectl, { node: "worker", audience: "somebody-else" })],
      ["a token of another account", () => createToken(plane.kubectl, { node: "worker", account: "default" })],
      ["a token that is bound to no node", () => createToken(plane.kubectl, {})],
    ])("%s", async (_what, token) => {
      const agent = await connect(await token(), { nodeName: "worker" });
      expect((await agent.closed).code).toBe(CloseCode.CLOSE_UNAUTHENTICATED);
    });

    it.skipIf(existing)("an expired token", async () => {
      const agent = await connect(expire(plane.directory, "worker"), { nodeName: "worker" });
      expect((await agent.closed).code).toBe(CloseCode.CLOSE_UNAUTHENTICATED);
    });

    it("the token of another node", async () => {
      const agent = await connect(await createToken(plane.kubectl, { node: "spare" }), { nodeName: "worker" });
      expect((await agent.closed).code).toBe(CloseCode.CLOSE_WRONG_NODE);
    });
  });

  it("brings intent to the agents: roles stand in NodeClocks first, numbers reach the agents", async () => {
    const gm = await join_("gm");
    const worker = await join_("worker");
    await plane.kubectl.apply([domainOf(), grandmaster]);
    const served = (await gm.until(isConfigured)).config?.config;
    const followed = (await worker.until(isConfigured)).config?.config;
    expect(served?.transmitters?.[0]).toMatchObject({ grandmaster: "roof", reference: "/dev/ptp0", uncertaintyNanoseconds: 100 });
    expect(followed?.receivers?.[0]).toMatchObject({ source: "roof", acceptableAddresses: ["10.0.0.1"], timing: { interface: "eth0" } });
    expect(followed?.receivers?.[0]?.timing?.domainNumber).toBe(served?.transmitters?.[0]?.timing?.domainNumber);
    expect(await nodeClock("gm")).toMatchObject({ spec: { role: "Grandmaster", roleReason: "OwnsReference" } });
    expect(await nodeClock("worker")).toMatchObject({
      spec: { role: "OrdinaryClock", upstreams: [{ name: "roof", address: "10.0.0.1" }] },
    });
    expect(await nodeClock("spare")).toBeUndefined();
  });

  it("shows what the agents report, and takes back what nobody reports any more", async () => {
    const gm = await join_("gm");
    const worker = await join_("worker");
    await plane.kubectl.apply([domainOf(), grandmaster]);
    for (const agent of [gm, worker]) {
      const { config } = await agent.until(isConfigured);
      agent.send({ applied: { revision: config?.revision ?? "", parts: [] } });
    }
    const report = (bound: number) => ({
      state: "PhaseAligned",
      stateReason: "Locked",
      calibrated: { nanoseconds: bound },
      guaranteed: { nanoseconds: bound * 5 },
      selectedUpstream: "roof",
      sources: [{ name: "roof", state: "Healthy", grandmasterIdentity: "020000.fffe.000001", clockClass: 6 }],
    });
    gm.send({ report: { sequence: 1, state: "PhaseAligned", stateReason: "OwnsReference", calibrated: { nanoseconds: 100 } } });
    worker.send({ report: { sequence: 1, ...report(7_300) } });
    await eventually(async () => (await domainCondition("Synchronized"))?.status === "True");
    expect((await nodeClock("worker"))?.status).toMatchObject({
      state: "PhaseAligned",
      errorBoundNanoseconds: 10_000,
      selectedUpstream: "roof",
    });
    worker.send({ report: { sequence: 2, ...report(300_000) } });
    await eventually(async () => (await domainCondition("Synchronized"))?.reason === "BoundExceedsObjective");
    worker.leave();
    await eventually(async () => (await nodeClock("worker"))?.status?.state === "Unknown", 45_000);
    expect((await nodeClock("worker"))?.status).not.toHaveProperty("errorBoundNanoseconds");
    expect(await domainCondition("Synchronized")).toMatchObject({ status: "False", reason: "AgentsUnreachable" });
  }, 90_000);

  it("configures a node that comes, and one that is relabelled, and releases one that leaves, within seconds", async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    await (await join_("gm")).until(isConfigured);
    const spare = await join_("spare");
    await spare.until(({ welcome }) => welcome != null);
    expect(spare.received.some(({ config }) => config != null)).toBe(false);
    await plane.kubectl.run(["label", "node", "spare", "time=on"]);
    await spare.until(isConfigured);

    await createNodes(plane.kubectl, [{ name: "fresh", address: "10.0.0.99", zone: "z", labels: { time: "on" } }]);
    await (await join_("fresh")).until(isConfigured);

    await plane.kubectl.run(["label", "node", "spare", "time-"]);
    expect((await spare.until(({ release }) => release != null)).release?.reason).toBe("NoDomain");
    await eventually(async () => (await nodeClock("spare")) === undefined);
    await plane.kubectl.run(["delete", "node", "fresh"]);
    await eventually(async () => (await nodeClock("fresh")) === undefined);
  });

  it("carries a change of policy to the agents without writing their NodeClocks", async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    await (await join_("gm")).until(isConfigured);
    const worker = await join_("worker");
    await worker.until(isConfigured);
    const before = (await nodeClock("worker"))?.metadata.generation;
    await plane.kubectl.apply([domainOf({ objective: { maxErrorNanoseconds: 5_000 } })]);
    await worker.until(({ config }) => config?.config?.objective?.maxErrorNanoseconds === 5_000);
    expect((await nodeClock("worker"))?.metadata.generation).toBe(before);
  });

  it("shows a missing reference with its field path and leaves running agents alone", async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    await (await join_("gm")).until(isConfigured);
    const worker = await join_("worker");
    await worker.until(isConfigured);
    const sent = revisions(worker).length;
    await plane.kubectl.apply([domainOf({ sources: [{ name: "roof", grandmasterRef: { name: "nowhere" } }] })]);
    await eventually(async () => (await domainCondition("Accepted"))?.reason === "GrandmasterNotFound");
    expect((await domainCondition("Accepted"))?.message).toContain("spec.sources[0].grandmasterRef");
    expect(await domainCondition("Reconciling")).toMatchObject({ status: "True" });
    await sleep(1000);
    expect(revisions(worker)).toHaveLength(sent);
    expect(worker.received.some(({ release }) => release != null)).toBe(false);
    expect(await nodeClock("worker")).toMatchObject({ spec: { upstreams: [{ name: "roof" }] } });
  });

  it("sends nothing new while a domain is paused", async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    await (await join_("gm")).until(isConfigured);
    const worker = await join_("worker");
    await worker.until(isConfigured);
    await plane.kubectl.apply([domainOf({ paused: true, objective: { maxErrorNanoseconds: 7_000 } })]);
    await eventually(async () => (await list<TimeDomainSpec, TimeDomainStatus>("timedomains"))[0]?.status?.observedGeneration === 2);
    await sleep(1000);
    expect(worker.received.some(({ config }) => config?.config?.objective?.maxErrorNanoseconds === 7_000)).toBe(false);
    await plane.kubectl.apply([domainOf({ paused: false, objective: { maxErrorNanoseconds: 7_000 } })]);
    await worker.until(({ config }) => config?.config?.objective?.maxErrorNanoseconds === 7_000);
  });

  it("puts a NodeClock right that somebody edited or deleted", async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    await (await join_("gm")).until(isConfigured);
    await join_("worker");
    await eventually(async () => (await nodeClock("worker"))?.spec.role === "OrdinaryClock");
    // Admission refuses everybody but the operator's own account.
    const operatorAccount = `system:serviceaccount:${operatorNamespace}:meridian-operator`;
    await plane.kubectl.run([
      "patch",
      "nodeclock",
      "worker",
      "--as",
      operatorAccount,
      "--type=merge",
      "-p",
      '{"spec":{"role":"Observer"}}',
    ]);
    await eventually(async () => (await nodeClock("worker"))?.spec.role === "OrdinaryClock");
    const extra = {
      name: "evil",
      type: "Grandmaster",
      grandmasterRef: { name: "evil" },
      protocol: "PTP",
      domainNumber: 9,
      interface: "eth0",
      priority: 1,
      use: "Primary",
      reason: "Edited",
    };
    const add = (path: string, value: object) => [
      "patch",
      "nodeclock",
      "worker",
      "--as",
      operatorAccount,
      "--type=json",
      "-p",
      JSON.stringify([{ op: "add", path, value }]),
    ];
    await plane.kubectl.run(add("/spec/upstreams/-", extra));
    await plane.kubectl.run(
      add("/spec/serves", [{ protocol: "PTP", domainNumber: 9, grandmasterRef: { name: "evil" }, interface: "eth0" }] as never),
    );
    await eventually(async () => {
      const { upstreams, serves } = (await nodeClock("worker"))?.spec ?? {};
      return upstreams?.length === 1 && serves === undefined;
    });
    await plane.kubectl.run(["delete", "nodeclock", "worker"]);
    await eventually(async () => (await nodeClock("worker"))?.spec.role === "OrdinaryClock");
  });

  it("releases every agent of a deleted domain, also one that was away meanwhile", async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    const gm = await join_("gm");
    await gm.until(isConfigured);
    await plane.kubectl.run(["delete", "timedomain", "plant"]);
    await gm.until(({ release }) => release != null);
    const late = await join_("worker", { appliedRevision: "0123456789abcdef" });
    await late.until(({ release }) => release != null);
  });

  it.skipIf(existing)(
    "recovers by itself when the API server is restarted, and agents do not notice",
    async () => {
      await plane.kubectl.apply([domainOf(), grandmaster]);
      await (await join_("gm")).until(isConfigured);
      const worker = await join_("worker");
      await worker.until(isConfigured);
      await plane.killApiServer();
      await sleep(3000);
      await plane.startApiServer();
      await plane.kubectl.apply([domainOf({ objective: { maxErrorNanoseconds: 9_000 } })]);
      await eventually(
        () => Promise.resolve(worker.received.some(({ config }) => config?.config?.objective?.maxErrorNanoseconds === 9_000)),
        60_000,
      );
      expect(worker.received.some(({ release, close }) => release != null || close != null)).toBe(false);
      expect(operator.process.outcome).toBeNull();
    },
    120_000,
  );

  it("takes agents back after SIGKILL with a higher epoch, and sends nothing that they run already", { timeout: 60_000 }, async () => {
    await plane.kubectl.apply([domainOf(), grandmaster]);
    await (await join_("gm")).until(isConfigured);
    const worker = await join_("worker");
    const { config } = await worker.until(isConfigured);
    await operator.process.kill();
    // In the same place: until the dead one's lease is over, agents are asked to stay.
    operator = await startOperator({ directory, kubeconfig, hubAddress: operator.hub });
    const back = await join_("worker", { appliedRevision: config?.revision });
    await join_("gm");
    const { welcome } = await back.until(({ welcome: greeting }) => greeting != null, 30_000);
    expect(welcome?.leaderEpoch).toBeGreaterThan(config?.leaderEpoch ?? Number.POSITIVE_INFINITY);
    await sleep(3000);
    expect(back.received.filter(({ standby, welcome: greeting }) => standby == null && greeting == null)).toEqual([]);
  });

  it("holds no right that it does not use", async () => {
    const may = async (verb: string, resource: string, ...where: string[]) =>
      (
        await plane.kubectl.try([
          "auth",
          "can-i",
          verb,
          resource,
          "--as",
          `system:serviceaccount:${operatorNamespace}:meridian-operator`,
          ...where,
        ])
      ).startsWith("yes");
    expect(await may("patch", "nodes")).toBe(false);
    expect(await may("get", "secrets", "-n", "kube-system")).toBe(false);
    expect(await may("get", "secrets", "-n", operatorNamespace)).toBe(false);
    expect(await may("patch", "timedomains")).toBe(false);
    expect(await may("patch", "timedomains", "--subresource=status")).toBe(true);
    const agent = (verb: string, resource: string) =>
      plane.kubectl.try(["auth", "can-i", verb, resource, "--as", `system:serviceaccount:${operatorNamespace}:meridian-agent`]);
    expect(await agent("get", "nodes")).toMatch(/^no/);
    expect(await agent("list", "nodeclocks")).toMatch(/^no/);
  });
});

/** A token that this API server signed itself, a day ago. */
function expire(plane: string, node: string): string {
  const key = createPrivateKey(readFileSync(join(plane, "service-account.key")));
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const then = Math.floor(Date.now() / 1000) - 86_400;
  const claims = {
    iss: "https://kubernetes.default.svc.cluster.local",
    aud: ["meridian-hub"],
    sub: `system:serviceaccount:${operatorNamespace}:meridian-agent`,
    iat: then,
    nbf: then,
    exp: then + 3600,
    "kubernetes.io": { namespace: operatorNamespace, serviceaccount: { name: "meridian-agent" }, node: { name: node } },
  };
  const signed = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`;
}

async function eventually(holds: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`did not happen within ${String(limitMs / 1000)} s`);
    await sleep(200);
  }
}
