/**
 * `helm --wait` reads our objects by kstatus: a release that holds nothing but custom resources is deployed when the domain is
 * ready, and not when it cannot be.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../controlplane/control-plane.js";
import { createNodes, createToken, installMeridian, readHubCa, writeOperatorKubeconfig } from "../lab/cluster.js";
import { startOperator } from "../lab/operator-process.js";
import { type Checks, expect } from "./checks.js";
import type { Helm } from "./helm.js";
import { SteadyAgent } from "./steady-agent.js";

const nodes = [
  { name: "node-1", address: "10.0.0.1", zone: "a" },
  { name: "node-2", address: "10.0.0.2", zone: "b" },
] as const;
const domain = `apiVersion: time.meridian.io/v1alpha1
kind: TimeDomain
metadata: { name: plant }
spec:
  objective: { maxErrorNanoseconds: 100000 }
  members: { nodeSelector: {} }
  sources: [{ name: main, grandmasterRef: { name: {{ .Values.grandmaster }} } }]
`;
const grandmaster = `apiVersion: time.meridian.io/v1alpha1
kind: Grandmaster
metadata: { name: main }
spec: { type: Node, node: { nodeName: node-1, reference: { type: SystemClock } }, calibration: { uncertaintyNanoseconds: 100 } }
`;

/** @param plane a control plane of its own: CRDs and accounts are installed here without Helm */
export async function checkWaiting(checks: Checks, helm: Helm, plane: ControlPlane, directory: string): Promise<void> {
  const { kubectl } = plane;
  await installMeridian(kubectl);
  await createNodes(kubectl, nodes);
  const kubeconfig = join(directory, "operator.kubeconfig");
  await writeOperatorKubeconfig(kubectl, plane.kubeconfig, kubeconfig);
  const operator = await startOperator({ directory, kubeconfig, hubAddress: "127.0.0.1:0" });
  const agents: SteadyAgent[] = [];
  try {
    const authority = await readHubCa(kubectl);
    const chart = writeChart(directory);
    const release = (verb: string, name: string, seconds: number) =>
      helm.try([verb, "plant", chart, "--set", `grandmaster=${name}`, "--wait", "--timeout", `${String(seconds)}s`]);

    await checks.check("helm install --wait does not come back while nobody is in time", async () => {
      const { code, complaint } = await release("install", "main", 8);
      expect(code !== 0, "it said deployed");
      expect(/TimeDomain\/plant|plant/.test(complaint), `it does not name the domain: ${complaint}`);
      await helm.run(["uninstall", "plant"]);
    });
    for (const { address: nodeAddress, name: node } of nodes) {
      const token = await createToken(kubectl, { node });
      agents.push(SteadyAgent.connect({ address: operator.hub, authority, node, nodeAddress, token }));
    }
    await checks.check("helm install --wait comes back when the domain is ready", async () => {
      const { code, complaint } = await release("install", "main", 60);
      expect(code === 0, complaint);
      const ready = await kubectl.run(["get", "timedomain", "plant", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"]);
      expect(ready === "True", `Ready is ${ready}`);
    });
    await checks.check("helm upgrade --wait does not accept a reference to nothing", async () => {
      const { code } = await release("upgrade", "absent", 8);
      expect(code !== 0, "it said deployed");
      expect(!agents.some(({ released }) => released), "an agent was released because of a typing error");
    });
    await checks.check("helm upgrade --wait comes back when it is mended", async () => {
      const { code, complaint } = await release("upgrade", "main", 60);
      expect(code === 0, complaint);
    });
    await checks.check("helm uninstall releases the agents", async () => {
      await helm.run(["uninstall", "plant", "--wait"]);
      for (const end = Date.now() + 10_000; Date.now() < end && !agents.every(({ released }) => released); ) await sleep(50);
      expect(
        agents.every(({ released }) => released),
        "an agent was not released",
      );
    });
  } finally {
    for (const agent of agents) agent.leave();
    await operator.process.stop();
  }
}

/** @returns its folder */
function writeChart(directory: string): string {
  const chart = join(directory, "plant");
  mkdirSync(join(chart, "templates"), { recursive: true });
  writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: plant\nversion: 0.1.0\n");
  writeFileSync(join(chart, "templates/grandmaster.yaml"), grandmaster);
  writeFileSync(join(chart, "templates/domain.yaml"), domain);
  return chart;
}
