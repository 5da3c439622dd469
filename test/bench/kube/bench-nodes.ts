/** Nodes as large clusters have them: 15 kB each, most of it labels, annotations, conditions and images that no operator of ours reads. */
import { KubeConfig } from "@kubernetes/client-node";
import { Nodes } from "@meridian/operator";
import { type KubeClient, operator } from "kopf-ts";

/** Requests in flight at a time. */
const inFlight = 24;

export const nodeName = (index: number): string => `node-${String(index).padStart(5, "0")}`;

/** What an API server is told to create, JSON of about 14 kB; its own fields make it 15. */
export function describeNode(index: number): object {
  const numbered = (count: number, entry: (item: number) => [string, string]) =>
    Object.fromEntries(Array.from({ length: count }, (_, item) => entry(item)));
  const image = (item: number) => ({
    names: [
      `registry.example.com/team-${String(item)}/service-${String(item)}@sha256:${digest(index, item)}`,
      `registry.example.com/team-${String(item)}/service-${String(item)}:v1.${String(item)}.${String(index % 50)}`,
    ],
    sizeBytes: 50_000_000 + item * 1_000_003,
  });
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: `Kubelet${type}`,
    message: `kubelet says that ${type} is ${status}`,
    lastHeartbeatTime: "2026-01-01T00:00:00Z",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: nodeName(index),
      labels: {
        "kubernetes.io/hostname": nodeName(index),
        "topology.kubernetes.io/zone": `zone-${String(index % 3)}`,
        ...numbered(20, (item) => [`example.com/label-${String(item)}`, `value-${String((index * 7 + item) % 40)}`]),
      },
      annotations: numbered(8, (item) => [`example.com/annotation-${String(item)}`, `${digest(index, item)}${digest(item, index)}`]),
    },
    spec: { podCIDR: `10.${String(index >> 8)}.${String(index & 255)}.0/24`, providerID: `example://${nodeName(index)}` },
    status: {
      addresses: [
        { type: "InternalIP", address: `10.200.${String(index >> 8)}.${String(index & 255)}` },
        { type: "Hostname", address: nodeName(index) },
      ],
      capacity: { cpu: "64", memory: "263856612Ki", pods: "110" },
      allocatable: { cpu: "63", memory: "263754212Ki", pods: "110" },
      conditions: [
        condition("Ready", "True"),
        ...["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => condition(type, "False")),
      ],
      images: Array.from({ length: 50 }, (_, item) => image(item)),
    },
  };
}

export function clientOf(kubeconfig: string): KubeClient {
  const kube = new KubeConfig();
  kube.loadFromFile(kubeconfig);
  const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  return operator({ kube, identity: "bench-writer", log: silent }).client;
}

/** @returns bytes of the JSON of one node, as the API server answered */
export async function createBenchNodes(client: KubeClient, count: number): Promise<number> {
  let bytes = 0;
  await forEachIndex(count, async (index) => {
    const created = await client.create(Nodes, describeNode(index) as { metadata: { name: string } });
    if (index === 0) bytes = JSON.stringify(created).length;
  });
  return bytes;
}

/** One small change of a node, as a user or another controller makes it. */
export async function touchNode(client: KubeClient, index: number, turn: string): Promise<void> {
  const patch = { metadata: { labels: { "example.com/turn": turn } } };
  await client.patch(Nodes, { name: nodeName(index) }, { kind: "merge", patch });
}

export async function forEachIndex(count: number, visit: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await visit(index);
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

/** 64 hexadecimal digits that look like a digest; the same for the same numbers. */
function digest(a: number, b: number): string {
  let state = (a * 2_654_435_761 + b * 40_503) >>> 0;
  return Array.from({ length: 8 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state.toString(16).padStart(8, "0");
  }).join("");
}
