/** Everything the demo runs on: control plane, operator, network, clocks, agents. Started in order, stopped in reverse. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock } from "@meridian/native";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { pageFileOf, startAgent } from "../lab/agent-process.js";
import type { LabProcess } from "../lab/child-process.js";
import {
  createNodes,
  type FakeNode,
  installMeridian,
  readServer,
  renewLeases,
  writeAgentToken,
  writeHubCa,
  writeOperatorKubeconfig,
} from "../lab/cluster.js";
import { LabNetwork, switchAddress } from "../lab/network.js";
import { type OperatorProcess, startOperator } from "../lab/operator-process.js";
import { startPtp4l } from "../lab/ptp4l.js";
import { openTcpLink, type TcpLink } from "../lab/tcp-link.js";
import { NodeSampler } from "./sampler.js";

/** How wrong each node's clock is before anything is done. */
interface ClockError {
  readonly offsetNs: number;
  readonly frequencyPpb: number;
  readonly wanderPpb: number;
  readonly sinePpb: number;
}

interface NodePlan {
  readonly name: string;
  readonly zone: string;
  readonly clock: ClockError | null;
}

const kubeconfigName = "operator.kubeconfig";
const leaseEveryMs = 10_000;
/** Longer than any demo, with --keep too. */
const oscillatorSeconds = 86_400;

export const workers = ["worker-1", "worker-2", "worker-3"] as const;

const plans: readonly NodePlan[] = [
  { name: "gm-a", zone: "a", clock: null },
  { name: "gm-b", zone: "b", clock: null },
  { name: "worker-1", zone: "a", clock: { offsetNs: 37e6, frequencyPpb: 18_000, wanderPpb: 1, sinePpb: 10 } },
  { name: "worker-2", zone: "b", clock: { offsetNs: -21e6, frequencyPpb: -31_000, wanderPpb: 1, sinePpb: 10 } },
  { name: "worker-3", zone: "c", clock: { offsetNs: 84e6, frequencyPpb: 52_000, wanderPpb: 1, sinePpb: 10 } },
];
const perfect: ClockError = { offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };

export interface WorldOptions {
  readonly peer: boolean;
  readonly seed: number;
  /** Replicas of the operator, default 1. */
  readonly operators?: number;
  /** Called before each part is started. */
  readonly progress: (what: string) => void;
}

type WorldParts = Pick<World, "directory" | "plane" | "operators" | "links" | "agents" | "samplers" | "peer">;

export class World {
  readonly directory: string;
  readonly plane: ControlPlane;
  readonly operators: OperatorProcess[];
  /** Each operator's way to the API server. */
  readonly links: readonly TcpLink[];
  readonly agents: ReadonlyMap<string, LabProcess>;
  readonly samplers: readonly NodeSampler[];
  readonly peer: LabProcess | null;
  readonly #leases: NodeJS.Timeout;

  private constructor(parts: WorldParts, nodes: readonly FakeNode[]) {
    this.directory = parts.directory;
    this.plane = parts.plane;
    this.operators = parts.operators;
    this.links = parts.links;
    this.agents = parts.agents;
    this.samplers = parts.samplers;
    this.peer = parts.peer;
    this.#leases = setInterval(() => void renewLeases(parts.plane.kubectl, nodes).catch(() => undefined), leaseEveryMs);
  }

  /** Call inside a private namespace. @throws coded errors of the lab; what was started by then is stopped again */
  static async start({ operators: replicas = 1, peer, seed, progress }: WorldOptions): Promise<World> {
    const directory = mkdtempSync(join(tmpdir(), "meridian-demo-"));
    const started: { stop(): Promise<void> }[] = [];
    try {
      progress("control plane: etcd, kube-apiserver, kube-controller-manager");
      const plane = await startControlPlane({ directory: join(directory, "controlplane") });
      started.push(plane);
      await installMeridian(plane.kubectl);

      progress("network: five nodes on one switch");
      const network = new LabNetwork();
      const nodes = plans.map(({ name, zone }) => ({ ...network.addNode(name), zone }));
      await createNodes(plane.kubectl, nodes);

      progress("operator");
      const operators: OperatorProcess[] = [];
      const links: TcpLink[] = [];
      for (let replica = 0; replica < replicas; replica += 1) {
        const home = join(directory, `operator-${String(replica)}`);
        mkdirSync(home);
        const link = await openTcpLink(readServer(plane.kubeconfig));
        links.push(link);
        started.push({ stop: () => link.close() });
        const kubeconfig = join(home, kubeconfigName);
        await writeOperatorKubeconfig(plane.kubectl, plane.kubeconfig, kubeconfig, `https://127.0.0.1:${String(link.port)}`);
        const operator = await startOperator({ directory: home, kubeconfig, hubAddress: `${switchAddress}:0` });
        operators.push(operator);
        started.push(operator.process);
      }
      const hubCaFile = join(directory, "hub-ca.crt");
      await writeHubCa(plane.kubectl, hubCaFile);

      progress("agents, three of them on clocks that are wrong by tens of ms and tens of ppm");
      const agents = new Map<string, LabProcess>();
      for (const [index, { name, clock }] of plans.entries()) {
        const home = join(directory, name);
        mkdirSync(home);
        const clockFile = join(home, "clock");
        createVirtualClock(clockFile, { seconds: oscillatorSeconds, seed: seed * 100 + index, ...(clock ?? perfect) });
        const tokenFile = join(home, "token");
        await writeAgentToken(plane.kubectl, name, tokenFile);
        const reference = clock === null ? { reference: "/dev/ptp0" } : {};
        const agent = startAgent({
          node: name,
          directory: home,
          hub: operators.map(({ hub }) => hub).join(","),
          hubCaFile,
          tokenFile,
          clockFile,
          namespace: name,
          ...reference,
        });
        agents.set(name, agent);
        started.push(agent);
      }
      const ptp4l = peer ? startPeer(network, join(directory, "peer")) : null;
      if (ptp4l) started.push(ptp4l);
      const samplers = await Promise.all(workers.map((name) => openSampler(directory, name, agents)));
      return new World({ directory, plane, operators, links, agents, samplers, peer: ptp4l }, nodes);
    } catch (error) {
      for (const part of started.reverse()) await part.stop();
      if (error instanceof Error) error.message += `\nlogs are kept in ${directory}`;
      throw error;
    }
  }

  /** The only one, or the first. */
  get operator(): OperatorProcess {
    const [first] = this.operators;
    if (!first) throw new Error("a world has at least one operator");
    return first;
  }

  /** Starts an operator in the place of one that is gone, at the address that the agents know. @param replica its index */
  async restartOperator(replica = 0): Promise<void> {
    const gone = this.operators[replica];
    if (!gone) throw new Error(`there is no operator ${String(replica)}`);
    const directory = join(this.directory, `operator-${String(replica)}`);
    this.operators[replica] = await startOperator({ directory, kubeconfig: join(directory, kubeconfigName), hubAddress: gone.hub });
  }

  /** Ends every process and removes every file, but for logs that somebody will want to read. */
  async stop(keepFiles = false): Promise<void> {
    clearInterval(this.#leases);
    for (const sampler of this.samplers) sampler.close();
    await Promise.all([...this.agents.values()].map((agent) => agent.stop(3000)));
    await this.peer?.stop(3000);
    await Promise.all(this.operators.map(({ process: operator }) => operator.stop(3000)));
    await Promise.all(this.links.map((link) => link.close()));
    await this.plane.stop();
    if (!keepFiles) rmSync(this.directory, { recursive: true, force: true });
  }

  /** Processes that ended though nobody asked them to. */
  get casualties(): LabProcess[] {
    return [...this.agents.values(), ...this.operators.map((operator) => operator.process), ...(this.peer ? [this.peer] : [])].filter(
      (process_) => process_.failed,
    );
  }
}

async function openSampler(directory: string, node: string, agents: ReadonlyMap<string, LabProcess>): Promise<NodeSampler> {
  const home = join(directory, node);
  let sampler: NodeSampler | null = null;
  await agents.get(node)?.waitUntil(
    "its clock page",
    () => {
      try {
        sampler = new NodeSampler(node, join(home, "clock"), pageFileOf(home));
      } catch {
        return false; // the agent has not made it yet
      }
      return true;
    },
    30_000,
  );
  if (sampler === null) throw new Error(`no agent for ${node}`);
  return sampler;
}

/** The domainNumber of time-with-peer.yaml. */
function startPeer(network: LabNetwork, directory: string): LabProcess {
  const { name } = network.addNode("peer");
  return startPtp4l({ node: name, directory, domainNumber: 77, role: "timeTransmitter", logInterval: -4 });
}
