/** A real ptp4l in a namespace of the lab. It can never set the machine's clock: no CAP_SYS_TIME, and free_running. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LabProcess } from "./child-process.js";
import { insideNodeWithoutClock } from "./network.js";

export interface Ptp4lOptions {
  /** Namespace; its eth0 is used. */
  readonly node: string;
  readonly directory: string;
  readonly domainNumber: number;
  readonly role: "timeTransmitter" | "timeReceiver";
  /** log2 of the Sync and Delay_Req interval in s. */
  readonly logInterval: number;
  /** log2 of how often it logs its offset, s; default: hardly ever. */
  readonly summaryInterval?: number;
}

/** Options by their names of ptp4l 3.x; 4.x still accepts them. */
const configuration = ({ domainNumber, role, logInterval, summaryInterval = 10 }: Ptp4lOptions, socket: string): string => `[global]
domainNumber ${String(domainNumber)}
time_stamping software
free_running 1
${role === "timeTransmitter" ? "masterOnly" : "slaveOnly"} 1
logSyncInterval ${String(logInterval)}
logAnnounceInterval 0
logMinDelayReqInterval ${String(logInterval)}
summary_interval ${String(summaryInterval)}
uds_address ${socket}
[eth0]
`;

export function startPtp4l(options: Ptp4lOptions): LabProcess {
  const { node, directory, role } = options;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "ptp4l.conf");
  writeFileSync(file, configuration(options, join(directory, "ptp4l.socket")));
  const command = insideNodeWithoutClock(node, "ptp4l", ["-f", file, "-m", "-q"]);
  return LabProcess.start({ name: `ptp4l ${role}`, ...command, logFile: join(directory, "ptp4l.log") });
}
