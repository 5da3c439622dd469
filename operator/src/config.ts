/** The operator's own settings, from flags and environment. The only file that knows the command line. */
import { isIPv6 } from "node:net";
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
  /** host:port under which other replicas' agents reach this hub, for redirects; null: as hubAddress says, if that is one address. */
  readonly hubEndpoint: string | null;
  /** Age at which the hub's key is replaced, ms. */
  readonly hubKeyLifetimeMs: number;
  /** Time for a new authority to reach every node before it is used, ms. */
  readonly hubKeyOverlapMs: number;
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
      new Option("--hub-endpoint <host:port>", "where agents reach the hub of this replica, when another one sends them here")
        .env("MERIDIAN_HUB_ENDPOINT")
        .argParser(readEndpoint),
    )
    .addOption(
      new Option("--hub-key-lifetime <days>", "age at which the hub's key is replaced")
        .default(90)
        .env("MERIDIAN_HUB_KEY_LIFETIME")
        .argParser(readNumber(1, 3650)),
    )
    .addOption(
      new Option("--hub-key-overlap <seconds>", "time that a new authority is given to reach every node before it is used")
        .default(600)
        .env("MERIDIAN_HUB_KEY_OVERLAP")
        .argParser(readNumber(1, 86_400)),
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
        .argParser(readNumber(1, 30)),
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
    hubEndpoint?: string;
    hubKeyLifetime: number;
    hubKeyOverlap: number;
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
    hubEndpoint: options.hubEndpoint ?? null,
    hubKeyLifetimeMs: options.hubKeyLifetime * 86_400_000,
    hubKeyOverlapMs: options.hubKeyOverlap * 1000,
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

/** An IPv6 address as a pod's environment has it, without brackets, gets them. */
function readEndpoint(value: string): string {
  const address = readAddress(value);
  const host = address.slice(0, address.lastIndexOf(":"));
  return isIPv6(host) ? `[${host}]${address.slice(host.length)}` : address;
}

function readNumber(minimum: number, maximum: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!(number >= minimum && number <= maximum)) throw new InvalidArgumentError(`must be ${minimum} … ${maximum}.`);
    return number;
  };
}
