/** What turns a bare API server into a cluster for our operator: its kinds, its rights, nodes with leases, tokens. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kubectl } from "../controlplane/kubectl.js";
import { repositoryRoot } from "./repository.js";

export const operatorNamespace = "meridian-system";
const operatorAccount = "meridian-operator";
const agentAccount = "meridian-agent";

/**
 * Installs kinds, accounts, rights and admission policies exactly as the chart does; the operator and the agents are processes of
 * the lab. From the chart's rendering, so that no lab needs Helm.
 */
export async function installMeridian(kubectl: Kubectl): Promise<void> {
  const root = repositoryRoot();
  const files = ["namespace", "crds", "rbac", "admission"].map((name) => join(root, `helm/kustomize/base/${name}.yaml`));
  await kubectl.run(["apply", "--server-side", ...files.flatMap((file) => ["-f", file])]);
  const names = readdirSync(join(root, "crds/manifests")).map(
    (file) => `crd/${/^time\.meridian\.io_(.*)\.yaml$/.exec(file)?.[1] ?? ""}.time.meridian.io`,
  );
  await kubectl.run(["wait", "--for=condition=Established", "--timeout=30s", ...names]);
}

export interface FakeNode {
  readonly name: string;
  readonly address: string;
  readonly zone: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Nodes without a kubelet: ready, with an address, and alive as long as somebody renews their leases. */
export async function createNodes(kubectl: Kubectl, nodes: readonly FakeNode[]): Promise<void> {
  await kubectl.apply(
    nodes.map(({ name, zone, labels }) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: { "topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ...labels },
      },
    })),
  );
  await renewLeases(kubectl, nodes);
  for (const { name, address } of nodes) {
    const now = new Date().toISOString();
    const condition = {
      type: "Ready",
      status: "True",
      reason: "LabNode",
      message: "a lab's node",
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    const status = {
      conditions: [condition],
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
    };
    await kubectl.run(["patch", "node", name, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);
  }
}

/** What a kubelet does every ten seconds. */
export async function renewLeases(kubectl: Kubectl, nodes: readonly FakeNode[]): Promise<void> {
  const renewTime = new Date().toISOString().replace("Z", "000Z");
  await kubectl.apply(
    nodes.map(({ name }) => ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace: "kube-node-lease" },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime },
    })),
    "--force-conflicts",
  );
}

export interface TokenRequest {
  /** Absent: bound to none. */
  readonly node?: string;
  /** Default: the hub's. */
  readonly audience?: string;
  /** Default: the agents'. */
  readonly account?: string;
}

export async function createToken(kubectl: Kubectl, request: TokenRequest): Promise<string> {
  const { node, audience = "meridian-hub", account = agentAccount } = request;
  const bound = node === undefined ? [] : ["--bound-object-kind", "Node", "--bound-object-name", node];
  const args = ["create", "token", account, "-n", operatorNamespace, "--audience", audience, "--duration", "24h", ...bound];
  return (await kubectl.run(args)).trim();
}

/** A token as the kubelet would project it into the agent's pod: for the hub only, bound to this node. */
export async function writeAgentToken(kubectl: Kubectl, node: string, file: string): Promise<void> {
  writeFileSync(file, await createToken(kubectl, { node }), { mode: 0o600 });
}

/** Where the API server of a kubeconfig listens. */
export function readServer(kubeconfig: string): { readonly host: string; readonly port: number } {
  const { clusters } = JSON.parse(readFileSync(kubeconfig, "utf8")) as { clusters: { cluster: { server: string } }[] };
  const { hostname, port } = new URL(clusters[0]?.cluster.server ?? "");
  return { host: hostname, port: Number(port) };
}

/**
 * A kubeconfig for the operator's own account: what it may do here is what it may do in production.
 * @param server URL by which it reaches the API server, if not by the admin's
 */
export async function writeOperatorKubeconfig(kubectl: Kubectl, adminKubeconfig: string, file: string, server?: string): Promise<void> {
  const token = (await kubectl.run(["create", "token", operatorAccount, "-n", operatorNamespace, "--duration", "24h"])).trim();
  const config = JSON.parse(readFileSync(adminKubeconfig, "utf8")) as { users: unknown[]; clusters: { cluster: { server: string } }[] };
  if (server !== undefined) for (const { cluster } of config.clusters) cluster.server = server;
  config.users = [{ name: "lab", user: { token } }];
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
}

/** The hub's CA, which the operator that leads publishes; waited for. @throws MER_LAB_COMMAND_FAILED after 30 s */
export async function readHubCa(kubectl: Kubectl): Promise<string> {
  for (const end = Date.now() + 30_000; ; await sleep(100)) {
    try {
      const map = await kubectl.get<{ data: Record<string, string> }>(["configmap", "meridian-hub-ca", "-n", operatorNamespace]);
      return map.data["ca.crt"] ?? "";
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

export async function writeHubCa(kubectl: Kubectl, file: string): Promise<void> {
  writeFileSync(file, await readHubCa(kubectl));
}
