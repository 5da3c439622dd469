/**
 * Who holds a UDP port of this host: the socket's inode from /proc/net/udp, then the process that has it open. Best effort:
 * another user's processes are only visible to root.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** @returns for example "ptp4l (pid 1234)", or null when nobody can be named */
export function findPortHolder(port: number): string | null {
  const inodes = new Set([...inodesOf("/proc/net/udp", port), ...inodesOf("/proc/net/udp6", port)]);
  if (inodes.size === 0) return null;
  for (const pid of listNumeric("/proc")) {
    for (const descriptor of listNumeric(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined && inodes.has(inode) && pid !== String(process.pid))
        return `${readText(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
    }
  }
  return null;
}

function inodesOf(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return readText(table)
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${wanted}`) === true)
    .map((columns) => columns[9] ?? "");
}

// Processes end while we look at them: what cannot be read is not there.
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function listNumeric(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
