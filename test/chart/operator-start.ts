/** The operator's program in the environment that the Deployment gives it, with the rights of its account: does it get ready? */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ControlPlane } from "../controlplane/control-plane.js";
import { LabProcess } from "../lab/child-process.js";
import { readHubCa, writeOperatorKubeconfig } from "../lab/cluster.js";
import { readStartCommand } from "../lab/start-command.js";
import { type Checks, expect } from "./checks.js";
import { chartDirectory, type Helm } from "./helm.js";
import { parseRendering } from "./rendering.js";
import { chartNamespace } from "./static-checks.js";

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } };
}

const podAddress = "127.0.0.1";
const fields: Readonly<Record<string, string>> = { "metadata.namespace": chartNamespace, "status.podIP": podAddress };

/** @param directory for the process's files */
export async function checkOperatorStart(checks: Checks, helm: Helm, plane: ControlPlane, directory: string): Promise<void> {
  await checks.check("the operator gets ready in the Deployment's environment, with its account's rights", async () => {
    const [kubeconfig, readyFile] = [join(directory, "operator.kubeconfig"), join(directory, "operator.ready")];
    await writeOperatorKubeconfig(plane.kubectl, plane.kubeconfig, kubeconfig);
    const { flags, bundle } = readStartCommand("operator");
    // Ports of this machine may be taken; everything else is the pod's.
    const ports = ["--hub-address", `${podAddress}:0`, "--http-address", `${podAddress}:0`];
    const started = LabProcess.start({
      name: "operator",
      program: process.execPath,
      args: [...flags, bundle, "--kubeconfig", kubeconfig, ...ports, "--ready-file", readyFile],
      env: { PATH: process.env["PATH"], ...(await readEnvironment(helm)) },
      logFile: join(directory, "operator.log"),
    });
    try {
      await started.waitUntil("listening", () => existsSync(readyFile), 60_000);
      const { http } = JSON.parse(readFileSync(readyFile, "utf8")) as { http: string };
      await started.waitUntil("readiness", async () => (await fetch(`http://${http}/readyz`)).status === 200, 60_000);
      expect((await readHubCa(plane.kubectl)).includes("BEGIN CERTIFICATE"), "no authority where the agents' pods mount it");
    } finally {
      await started.stop();
    }
  });
}

/** What a kubelet would make of the container's `env`. */
async function readEnvironment(helm: Helm): Promise<NodeJS.ProcessEnv> {
  const args = ["template", "meridian", chartDirectory, "--namespace", chartNamespace, "--show-only", "templates/operator/deployment.yaml"];
  const [deployment] = parseRendering(await helm.run(args));
  if (!deployment) throw new Error("no Deployment");
  const { template } = deployment.spec as { template: { spec: { containers: { env: Variable[] }[] } } };
  const env: NodeJS.ProcessEnv = {};
  for (const { name, value, valueFrom } of template.spec.containers[0]?.env ?? [])
    env[name] =
      value?.replaceAll(/\$\(([A-Z_]+)\)/g, (_all, other: string) => env[other] ?? "") ?? fields[valueFrom?.fieldRef.fieldPath ?? ""];
  return env;
}
