/** The operator's own settings, from flags and environment. The only file that knows the command line. */
import { Command, InvalidArgumentError, Option } from "commander";
import { operatorError } from "./errors.js";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface OperatorConfig {
  /** Path of a kubeconfig; null: the pod's service account. */
  readonly kubeconfig: string | null;
  /** Where the hub's Secret, ConfigMap and Lease live. */
  readonly namespace: string;
  /** Service account of the agents, in the same namespace. */
  readonly agentServiceAccount: string;
  /** host:port of the hub. */
  readonly hubAddress: string;
  /** host:port of probes and metrics. */
  readonly httpAddress: string;
  /** How often an agent reports without news, ms. */
  readonly reportIntervalMs: number;
  /** Written with the addresses in use once both servers listen; null: none. */
  readonly readyFile: string | null;
  readonly logLevel: LogLevel;
}

/** @throws MER_OPERATOR_CONFIG; with `--help` or `--version` in `argv`, commander prints and ends the process. */
export function readOperatorConfig(argv: readonly string[], version: string): OperatorConfig {
  const program = new Command("meridian-operator")
    .description("Plans the roles of a cluster's clocks and tells every node's agent what to do.")
    .version(version)
    .addOption(new Option("--kubeconfig <file>", "kubeconfig to use instead of the pod's service account").env("MERIDIAN_KUBECONFIG"))
    .addOption(
      new Option("--namespace <name>", "namespace of the operator").default("meridian-system").env("POD_NAMESPACE").argParser(readName),
    )
    .addOption(
      new Option("--agent-service-account <name>", "service account of the agents")
        .default("meridian-agent")
        .env("MERIDIAN_AGENT_SERVICE_ACCOUNT")
        .argParser(readName),
    )
    .addOption(
      new Option("--hub-address <host:port>", "where agents connect")
        .default("0.0.0.0:9463")
        .env("MERIDIAN_HUB_ADDRESS")
        .argParser(readAddress),
    )
    .addOption(
      new Option("--http-address <host:port>", "probes and metrics")
        .default("0.0.0.0:9462")
        .env("MERIDIAN_HTTP_ADDRESS")
        .argParser(readAddress),
    )
    .addOption(
      new Option("--report-interval <seconds>", "how often an agent reports without news")
        .default(10)
        .env("MERIDIAN_REPORT_INTERVAL")
        .argParser(readSeconds),
    )
    .addOption(new Option("--ready-file <file>", "lab only: written with the addresses in use once they listen"))
    .addOption(
      new Option("--log-level <level>", "least severe lines that are written")
        .choices(["debug", "info", "warn", "error"])
        .default("info")
        .env("MERIDIAN_LOG_LEVEL"),
    )
    .exitOverride((error) => {
      if (error.code === "commander.helpDisplayed" || error.code === "commander.version") throw error;
      throw operatorError("MER_OPERATOR_CONFIG", error.message.replace(/^error: /, ""), error);
    })
    .configureOutput({ writeErr: () => undefined })
    .allowExcessArguments(false);
  program.parse([...argv], { from: "user" });
  const options = program.opts<{
    kubeconfig?: string;
    namespace: string;
    agentServiceAccount: string;
    hubAddress: string;
    httpAddress: string;
    reportInterval: number;
    readyFile?: string;
    logLevel: LogLevel;
  }>();
  return {
    kubeconfig: options.kubeconfig ?? null,
    namespace: options.namespace,
    agentServiceAccount: options.agentServiceAccount,
    hubAddress: options.hubAddress,
    httpAddress: options.httpAddress,
    reportIntervalMs: options.reportInterval * 1000,
    readyFile: options.readyFile ?? null,
    logLevel: options.logLevel,
  };
}

function readName(value: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) throw new InvalidArgumentError("must be a DNS label.");
  return value;
}

function readAddress(value: string): string {
  const port = Number(/^.+:(\d{1,5})$/.exec(value)?.[1]);
  if (!(port >= 0 && port <= 65_535)) throw new InvalidArgumentError("must be host:port.");
  return value;
}

function readSeconds(value: string): number {
  const seconds = Number(value);
  if (!(seconds >= 1 && seconds <= 30)) throw new InvalidArgumentError("must be 1 … 30.");
  return seconds;
}
