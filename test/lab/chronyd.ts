/** A real chronyd in a namespace of the lab. It can never set the machine's clock: no CAP_SYS_TIME, and -x. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabProcess } from "./child-process.js";
import { insideNodeWithoutClock } from "./network.js";

export type ChronydRole =
  /** Serves the machine's own clock as a primary source; or, unsynchronized, says that it knows no time. */
  | { readonly kind: "server"; readonly synchronized?: boolean }
  | {
      readonly kind: "client";
      readonly server: string;
      readonly port?: number;
      readonly interleaved: boolean;
      readonly logPoll: number;
      readonly logs?: boolean;
    };

export interface ChronydOptions {
  /** Namespace. */
  readonly node: string;
  readonly directory: string;
  readonly role: ChronydRole;
}

const configuration = (role: ChronydRole, directory: string): string => `
pidfile ${directory}/chronyd.pid
bindcmdaddress ${directory}/chronyd.socket
cmdport 0
${
  role.kind === "server"
    ? `${role.synchronized === false ? "" : "local stratum 1\n"}allow all\nport 123`
    : `server ${role.server} port ${String(role.port ?? 123)} iburst minpoll ${String(role.logPoll)} maxpoll ${String(role.logPoll)}${role.interleaved ? " xleave" : ""}\nport 0${role.logs === true ? `\nlogdir ${directory}\nlog measurements` : ""}`
}
`;

export function startChronyd({ node, directory, role }: ChronydOptions): LabProcess {
  mkdirSync(directory, { recursive: true });
  // chronyd refuses a socket in a folder that others may enter.
  chmodSync(directory, 0o750);
  const file = join(directory, "chronyd.conf");
  writeFileSync(file, configuration(role, directory));
  const command = insideNodeWithoutClock(node, "chronyd", ["-x", "-d", "-u", "root", "-f", file]);
  return LabProcess.start({ name: `chronyd ${role.kind}`, ...command, logFile: join(directory, "chronyd.log") });
}

/** The socket that `chronyc -h` asks. */
export const chronycSocketOf = (directory: string): string => join(directory, "chronyd.socket");

/** What it logged of every measurement. */
export const chronydMeasurementsOf = (directory: string): string => join(directory, "measurements.log");
