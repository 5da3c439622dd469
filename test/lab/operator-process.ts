/** The operator as a process of the lab: the same bundle that an image holds. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LabProcess } from "./child-process.js";
import { operatorNamespace } from "./cluster.js";
import { readStartCommand } from "./start-command.js";

export interface OperatorOptions {
  readonly directory: string;
  readonly kubeconfig: string;
  /** Address that agents reach; port 0 picks one. */
  readonly hubAddress: string;
  readonly extraArgs?: readonly string[];
}

export interface OperatorProcess {
  readonly process: LabProcess;
  /** host:port of the hub. */
  readonly hub: string;
  /** host:port of probes and metrics. */
  readonly http: string;
}

/** Resolves when the hub takes connections. @throws MER_LAB_PROCESS_FAILED */
export async function startOperator({ directory, extraArgs = [], hubAddress, kubeconfig }: OperatorOptions): Promise<OperatorProcess> {
  const readyFile = join(directory, "operator.ready");
  rmSync(readyFile, { force: true });
  const { flags, bundle } = readStartCommand("operator");
  const args = [
    ...[...flags, bundle, "--kubeconfig", kubeconfig, "--namespace", operatorNamespace],
    ...["--hub-address", hubAddress, "--http-address", "127.0.0.1:0", "--ready-file", readyFile, ...extraArgs],
  ];
  const started = LabProcess.start({ name: "operator", program: process.execPath, args, logFile: join(directory, "operator.log") });
  try {
    await started.waitUntil("readiness", () => existsSync(readyFile), 60_000);
  } catch (error) {
    await started.stop(3000);
    throw error;
  }
  const { hub, http } = JSON.parse(readFileSync(readyFile, "utf8")) as { hub: string; http: string };
  return { process: started, hub, http };
}
