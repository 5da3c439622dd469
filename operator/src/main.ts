/** Command line of the operator: the only place that knows the process, its signals and its exit code. */
import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { KubeConfig } from "@kubernetes/client-node";
import { listenForSignals } from "kopf-ts";
import { destination, pino } from "pino";
import { type OperatorConfig, readOperatorConfig } from "./config.js";
import { messageOf, operatorError } from "./errors.js";
import { MeridianOperator } from "./operator.js";

const version = "0.1.0";

async function main(): Promise<void> {
  const config = readOperatorConfig(process.argv.slice(2), version);
  const log = pino({ level: config.logLevel, base: {} }, destination({ fd: 1, sync: true }));
  const meridian = new MeridianOperator({
    config,
    kube: loadKubeConfig(config),
    log,
    clocks: { monotonic: () => performance.now(), date: () => new Date() },
    identity: `${hostname()}_${randomUUID()}`,
    listening: (ports) => writeReadyFile(config, ports),
  });
  const { signal, forceSignal } = listenForSignals(process);
  log.info({ version }, "starting");
  const report = await meridian.run(signal, forceSignal);
  process.exit(report.kind === "clean" ? 0 : 1);
}

function loadKubeConfig({ kubeconfig }: OperatorConfig): KubeConfig {
  const kube = new KubeConfig();
  try {
    if (kubeconfig === null) kube.loadFromCluster();
    else kube.loadFromFile(kubeconfig);
  } catch (error) {
    throw operatorError("MER_OPERATOR_KUBECONFIG", messageOf(error), error);
  }
  return kube;
}

function writeReadyFile({ readyFile, hubAddress, httpAddress }: OperatorConfig, ports: { hub: number; http: number }): void {
  if (readyFile === null) return;
  const at = (address: string, port: number) => `${address.slice(0, address.lastIndexOf(":"))}:${port}`;
  // Whoever waits for it must never see half of it.
  writeFileSync(`${readyFile}.new`, JSON.stringify({ hub: at(hubAddress, ports.hub), http: at(httpAddress, ports.http) }));
  renameSync(`${readyFile}.new`, readyFile);
}

main().catch((error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && "code" in cause && String(cause.code).startsWith("commander.")) return;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unexpected";
  process.stderr.write(`meridian-operator: ${code}: ${messageOf(cause)}\n`);
  process.exit(1);
});
