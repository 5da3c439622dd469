/**
 * The agent's own settings, from flags and environment: how to reach the hub and which devices it may touch. What it does with
 * time comes from the hub, never from here. The only file that knows the command line.
 */
import { Command, CommanderError, Option } from "commander";
import { agentError } from "./errors.js";

export type Mode = "observe" | "steer";
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface AgentConfig {
  readonly nodeName: string;
  /** host:port of the hub, several are tried in turn; none: run from the cached configuration alone. */
  readonly hubs: readonly string[];
  readonly hubCaFile: string;
  readonly tokenFile: string;
  /** Survives restarts: last configuration, clock memory. */
  readonly stateDirectory: string;
  /** The published clock page. */
  readonly pageFile: string;
  /** Folder of the pages that ClockBound's clients look for; null: none are written. */
  readonly clockBoundDirectory: string | null;
  readonly mode: Mode;
  /** Clock name ("realtime", "/dev/ptp0") → URI of the native module. */
  readonly clocks: ReadonlyMap<string, string>;
  /** Where `meridian-agent status` asks; null: nowhere. */
  readonly socketFile: string | null;
  /** host:port of probes and metrics; null: none. */
  readonly httpAddress: string | null;
  readonly logLevel: LogLevel;
}

const mostHubs = 8;

/** Name under which the node's own clock goes, in resources and in flags. */
export const systemClockName = "realtime";

/** Where agent and commands meet, in a run as in a command. */
export const socketOption = (description: string): Option =>
  new Option("--socket <file>", description).default("/var/run/meridian/agent.sock").env("MERIDIAN_SOCKET");

/**
 * @param argv without program and script
 * @returns null when `--help` or `--version` was asked for and printed: there is nothing to run
 * @throws MER_AGENT_CONFIG
 */
export function readAgentConfig(argv: readonly string[], version: string): AgentConfig | null {
  const program = new Command("meridian-agent")
    .description("Keeps this node's clock within a stated error and publishes the bound.")
    .version(version)
    .addOption(new Option("--node-name <name>", "name of the Kubernetes node").env("NODE_NAME"))
    .addOption(
      new Option("--hub <host:port,…>", "address of the operator's hub; of several one after the other is tried").env("MERIDIAN_HUB"),
    )
    .addOption(
      new Option("--hub-ca <file>", "PEM of the hub's certificate authority").default("/etc/meridian/hub-ca/ca.crt").env("MERIDIAN_HUB_CA"),
    )
    .addOption(
      new Option("--token-file <file>", "projected service-account token, audience meridian-hub")
        .default("/var/run/secrets/meridian/token")
        .env("MERIDIAN_TOKEN_FILE"),
    )
    .addOption(
      new Option("--state-directory <path>", "what survives a restart").default("/var/lib/meridian").env("MERIDIAN_STATE_DIRECTORY"),
    )
    .addOption(new Option("--page <file>", "clock page for readers on this node").default("/var/run/meridian/clock").env("MERIDIAN_PAGE"))
    .addOption(
      new Option(
        "--clockbound-directory <path>",
        'also write shm, shm0 and shm1 for ClockBound clients 1.x to 3.x there; "none" writes none',
      )
        .default("none")
        .env("MERIDIAN_CLOCKBOUND_DIRECTORY"),
    )
    .addOption(socketOption('Unix socket that the commands ask; "none" switches it off'))
    .addOption(
      new Option("--mode <mode>", "measure only, or steer the clock").choices(["observe", "steer"]).default("steer").env("MERIDIAN_MODE"),
    )
    .addOption(
      new Option(
        "--map-clock <name=uri...>",
        'lab only: use another clock, e.g. "realtime=virtual:/path" or "/dev/ptp0=virtual:/path"',
      ).default([]),
    )
    .addOption(
      new Option("--http-address <host:port>", 'probes and metrics; "none" switches them off')
        .default("0.0.0.0:9464")
        .env("MERIDIAN_HTTP_ADDRESS"),
    )
    .addOption(
      new Option("--log-level <level>").choices(["trace", "debug", "info", "warn", "error"]).default("info").env("MERIDIAN_LOG_LEVEL"),
    )
    .addHelpText("after", "\nCommands, which ask the agent that runs on this node: status, sources, clocks. Each has its own --help.")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw agentError("MER_AGENT_CONFIG", error.message.replace(/^error: /, ""), error);
  }
  const given = program.opts<{
    nodeName?: string;
    hub?: string;
    hubCa: string;
    tokenFile: string;
    stateDirectory: string;
    page: string;
    clockboundDirectory: string;
    socket: string;
    mode: Mode;
    mapClock: string[];
    httpAddress: string;
    logLevel: LogLevel;
  }>();
  if (!given.nodeName)
    throw agentError("MER_AGENT_CONFIG", "--node-name (or NODE_NAME) is required: the name of the Kubernetes node this agent runs on");
  const hubs = given.hub === undefined || given.hub === "" ? [] : given.hub.split(",").map((address) => checkAddress("--hub", address));
  if (hubs.length > mostHubs) throw agentError("MER_AGENT_CONFIG", `--hub takes at most ${mostHubs} addresses`);
  return {
    nodeName: given.nodeName,
    hubs,
    hubCaFile: given.hubCa,
    tokenFile: given.tokenFile,
    stateDirectory: given.stateDirectory,
    pageFile: given.page,
    clockBoundDirectory: given.clockboundDirectory === "none" ? null : given.clockboundDirectory,
    socketFile: given.socket === "none" ? null : given.socket,
    mode: given.mode,
    clocks: readClockMap(given.mapClock),
    httpAddress: given.httpAddress === "none" ? null : checkAddress("--http-address", given.httpAddress),
    logLevel: given.logLevel,
  };
}

function checkAddress(option: string, value: string): string {
  const match = /^(?:\[[0-9a-fA-F:]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value);
  if (!match || Number(match[1]) > 65_535) throw agentError("MER_AGENT_CONFIG", `${option} "${value}" is not host:port`);
  return value;
}

function readClockMap(entries: readonly string[]): Map<string, string> {
  const clocks = new Map<string, string>([[systemClockName, "realtime:"]]);
  for (const entry of entries) {
    const [, name, uri] = /^([^=]+)=([a-z]+:.*)$/.exec(entry) ?? [];
    if (name === undefined || uri === undefined)
      throw agentError("MER_AGENT_CONFIG", `--map-clock "${entry}" is not name=uri, e.g. realtime=virtual:/path`);
    clocks.set(name, uri);
  }
  return clocks;
}
