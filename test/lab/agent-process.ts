/** A node agent as a process of the lab, inside its node's network namespace, on its node's virtual clock. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { LabProcess } from "./child-process.js";
import { insideNode } from "./network.js";
import type { PrivateLab } from "./private-lab.js";
import { readStartCommand } from "./start-command.js";

export interface AgentOptions {
  readonly node: string;
  /** Holds everything of this node. */
  readonly directory: string;
  /** host:port; null: run from the cached configuration. */
  readonly hub: string | null;
  readonly hubCaFile: string;
  readonly tokenFile: string;
  /** The node's virtual clock; null: that of the kernel, as on a real node. */
  readonly clockFile: string | null;
  /** The same clock also goes under this name, on a node that owns a reference. */
  readonly reference?: string;
  /** Runs in the namespace of this name; null: in the current one. */
  readonly namespace: string | null;
  /** Default: as scripts.start of the package says. */
  readonly bundle?: string;
  /** How a command gets into the lab; by default we are in it. */
  readonly inside?: PrivateLab["inside"];
  readonly env?: NodeJS.ProcessEnv;
  /** Default: in the directory. */
  readonly pageFile?: string;
  readonly extraArgs?: readonly string[];
}

export const stateDirectoryOf = (directory: string): string => join(directory, "state");
export const socketFileOf = (directory: string): string => join(directory, "agent.sock");
export const pageFileOf = (directory: string): string => join(directory, "page");

export function startAgent(options: AgentOptions): LabProcess {
  const { node, directory, hub, namespace } = options;
  mkdirSync(directory, { recursive: true });
  const { flags, bundle } = readStartCommand("node-agent");
  const names = options.clockFile === null ? [] : ["realtime", ...(options.reference === undefined ? [] : [options.reference])];
  const clocks = names.map((name) => `${name}=virtual:${String(options.clockFile)}`);
  const args = [
    ...[...flags, options.bundle ?? bundle, "--node-name", node, "--hub-ca", options.hubCaFile, "--token-file", options.tokenFile],
    ...(hub === null ? [] : ["--hub", hub]),
    ...[
      "--state-directory",
      stateDirectoryOf(directory),
      "--page",
      options.pageFile ?? pageFileOf(directory),
      "--http-address",
      "127.0.0.1:9464",
    ],
    ...clocks.flatMap((clock) => ["--map-clock", clock]),
    ...(options.extraArgs ?? []),
  ];
  // Not a flag: recorded and older bundles would refuse it.
  const env = { ...(options.env ?? process.env), MERIDIAN_SOCKET: socketFileOf(directory) };
  const own = namespace === null ? { program: process.execPath, args } : insideNode(namespace, process.execPath, args);
  const command = options.inside === undefined ? own : options.inside(own.program, own.args);
  return LabProcess.start({ name: `agent ${node}`, ...command, logFile: join(directory, "agent.log"), env });
}
