/** The real operator process on a real control plane, with agents that only listen: what they are told is what counts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TestAgent } from "@meridian/operator/testing";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { createNodes, createToken, type FakeNode, installMeridian, readHubCa, writeOperatorKubeconfig } from "../lab/cluster.js";
import { labError } from "../lab/errors.js";
import { type OperatorProcess, startOperator } from "../lab/operator-process.js";

const nodes: readonly FakeNode[] = [
  { name: "gm", address: "10.0.0.1", zone: "a", labels: { time: "on" } },
  { name: "worker", address: "10.0.0.2", zone: "b", labels: { time: "on" } },
  { name: "spare", address: "10.0.0.3", zone: "c" },
];
const policy = [
  {
    apiVersion: "time.meridian.io/v1alpha1",
    kind: "Grandmaster",
    metadata: { name: "roof" },
    spec: {
      type: "Node",
      node: { nodeName: "gm", reference: { type: "PHC", phc: { device: "/dev/ptp0" } } },
      calibration: { uncertaintyNanoseconds: 100 },
    },
  },
  {
    apiVersion: "time.meridian.io/v1alpha1",
    kind: "TimeDomain",
    metadata: { name: "plant" },
    spec: {
      objective: { maxErrorNanoseconds: 100_000 },
      members: { nodeSelector: { matchLabels: { time: "on" } } },
      sources: [{ name: "roof", grandmasterRef: { name: "roof" } }],
    },
  },
];
const settleSeconds = 60;

export class OperatorTrial {
  readonly plane: ControlPlane;
  readonly agents = new Map<string, TestAgent>();
  readonly #directory: string;
  readonly #kubeconfig: string;
  #operator: OperatorProcess | null = null;

  private constructor(plane: ControlPlane, directory: string) {
    this.plane = plane;
    this.#directory = directory;
    this.#kubeconfig = join(directory, "operator.kubeconfig");
  }

  /** Resolves once both members are told their roles and ports. */
  static async start(): Promise<OperatorTrial> {
    const directory = mkdtempSync(join(tmpdir(), "meridian-faults-"));
    const plane = await startControlPlane({ directory: join(directory, "plane") });
    const trial = new OperatorTrial(plane, directory);
    try {
      await installMeridian(plane.kubectl);
      await createNodes(plane.kubectl, nodes);
      await writeOperatorKubeconfig(plane.kubectl, plane.kubeconfig, trial.#kubeconfig);
      await trial.startOperator();
      await trial.applyPolicy();
      await trial.joinAgents();
      if (!(await trial.holdsWithin(settleSeconds, () => Promise.resolve(trial.isConfigured))))
        throw labError("MER_LAB_TIMEOUT", "the agents are not configured");
      return trial;
    } catch (error) {
      await trial.close();
      throw error;
    }
  }

  async applyPolicy(): Promise<void> {
    await this.plane.kubectl.apply(policy, "--force-conflicts");
  }

  async startOperator(): Promise<void> {
    const hubAddress = this.#operator?.hub ?? "127.0.0.1:0";
    this.#operator = await startOperator({ directory: this.#directory, kubeconfig: this.#kubeconfig, hubAddress });
  }

  async killOperator(): Promise<void> {
    await this.#operator?.process.kill();
  }

  /** As the agents do by themselves when their stream ends. */
  async joinAgents(): Promise<void> {
    for (const agent of this.agents.values()) agent.leave();
    const authority = await readHubCa(this.plane.kubectl);
    for (const { address, name } of nodes.slice(0, 2)) {
      const token = await createToken(this.plane.kubectl, { node: name });
      const clocks = [
        { name: "system", type: "System", device: "realtime:" },
        ...(name === "gm" ? [{ name: "/dev/ptp0", type: "PHC", device: "phc:/dev/ptp0" }] : []),
      ];
      const interfaces = [{ name: "eth0", addresses: [address], timestamping: "Software", phcIndex: -1 }];
      const hello = { nodeName: name, capabilities: { interfaces, clocks, canSteer: true } };
      this.agents.set(name, TestAgent.connect({ address: this.#operator?.hub ?? "", authority, token, hello }));
    }
  }

  get isConfigured(): boolean {
    return [...this.agents.values()].every(({ received }) =>
      received.some(({ config }) => (config?.config?.transmitters?.length ?? 0) + (config?.config?.receivers?.length ?? 0) > 0),
    );
  }

  /** Orders that an agent would act on: revisions and releases. */
  get orders(): string[] {
    return [...this.agents].flatMap(([name, { received }]) =>
      received.flatMap(({ config, release }) => [
        ...(config?.revision ? [`${name}: config ${config.revision}`] : []),
        ...(release ? [`${name}: release ${String(release.reason)}`] : []),
      ]),
    );
  }

  async nodeClocks(): Promise<string[]> {
    const { items } = await this.plane.kubectl.get<{ items: { metadata: { name: string } }[] }>(["nodeclocks"]);
    return items.map(({ metadata }) => metadata.name).sort();
  }

  /** A change that only a working operator answers: another node becomes a member. */
  async admitSpare(): Promise<void> {
    await this.plane.kubectl.run(["label", "node", "spare", "time=on", "--overwrite"]);
  }

  async holdsWithin(limitSeconds: number, holds: () => Promise<boolean>): Promise<boolean> {
    for (const end = performance.now() + limitSeconds * 1000; performance.now() < end; await sleep(100))
      if (await holds().catch(() => false)) return true;
    return false;
  }

  async close(): Promise<void> {
    for (const agent of this.agents.values()) agent.leave();
    await this.#operator?.process.stop();
    await this.plane.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
