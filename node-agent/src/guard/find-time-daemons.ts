/**
 * Which known time daemons run on this host and may steer its clock. A process that lacks CAP_SYS_TIME cannot, whatever its
 * name; one that has it and was told to leave the clock alone (`chronyd -x`) does not.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** A process that may steer the system's clock. */
export interface TimeDaemon {
  readonly pid: number;
  /** Of the program: "chronyd". */
  readonly name: string;
}

interface KnownDaemon {
  /** As the kernel has it in `comm`: 15 characters at most. */
  readonly comm: string;
  readonly name: string;
  /** Arguments with which it leaves the system's clock alone. */
  readonly harmless?: RegExp;
  /** Only with these arguments does it steer the system's clock. */
  readonly harmful?: RegExp;
}

/** Arguments are joined by blanks and have one at either end. */
const knownDaemons: readonly KnownDaemon[] = [
  { comm: "chronyd", name: "chronyd", harmless: / -[A-Za-z0-9]*[xQ]/ },
  { comm: "ntpd", name: "ntpd" },
  { comm: "ntp-daemon", name: "ntpd-rs" },
  { comm: "openntpd", name: "openntpd" },
  { comm: "systemd-timesyn", name: "systemd-timesyncd" },
  // With software time stamps it steers the system's clock, unless it may not (free_running); with hardware stamps a PHC.
  {
    comm: "ptp4l",
    name: "ptp4l",
    harmful: / (-S|--time_stamping[= ]software) /,
    harmless: / --(free_running|serverOnly|masterOnly)[= ]1 /,
  },
  // Its slave is the system's clock unless another is named; `-a` needs `-r` for that.
  { comm: "phc2sys", name: "phc2sys", harmless: / -[A-Za-z]*n | -c (?!CLOCK_REALTIME)|^(?!.* -[A-Za-z]*r)(?=.* -[A-Za-z]*a)/ },
  { comm: "clockbound", name: "clockbound" },
  { comm: "sfptpd", name: "sfptpd" },
  { comm: "statime", name: "statime" },
  { comm: "busybox-ntpd", name: "ntpd" },
];

/** Of capability.h. */
const capSysTime = 25n;
/** A host with more processes than that is looked at in part. */
const mostProcesses = 65_536;

/**
 * @param proc where the host's processes are seen; without `hostPID` they are those of the agent's own container
 * @returns in the order of their process ids
 */
export function findTimeDaemons(proc = "/proc"): TimeDaemon[] {
  const found: TimeDaemon[] = [];
  for (const entry of listProcesses(proc)) {
    const comm = readText(join(proc, entry, "comm")).trim();
    const known = knownDaemons.find((daemon) => daemon.comm === comm);
    if (known === undefined || !maySetTime(readText(join(proc, entry, "status"))) || !isOfHost(proc, entry)) continue;
    const command = ` ${readText(join(proc, entry, "cmdline")).replaceAll("\0", " ")} `;
    if (known.harmless?.test(command) === true || known.harmful?.test(command) === false) continue;
    found.push({ pid: Number(entry), name: known.name });
  }
  return found.sort((a, b) => a.pid - b.pid);
}

function maySetTime(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> capSysTime) & 1n) === 1n;
}

/** In a user namespace of its own anybody may call himself all-powerful; the clock is the host's. */
function isOfHost(proc: string, pid: string): boolean {
  const host = readLink(join(proc, "1/ns/user"));
  return host === "" || readLink(join(proc, pid, "ns/user")) === host;
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function listProcesses(proc: string): string[] {
  try {
    return readdirSync(proc)
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .slice(0, mostProcesses);
  } catch {
    return [];
  }
}

/** Processes end while we look at them: what cannot be read is not there. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
