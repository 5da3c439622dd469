/** What a process costs, from /proc: nanoseconds of CPU over all of its threads, and memory. */
import { readdirSync, readFileSync } from "node:fs";

/** CPU time of every thread that lives, ns, to the scheduler's own resolution; NaN when the process is gone. */
export function readCpuNanoseconds(pid: number): number {
  try {
    const tasks = `/proc/${String(pid)}/task`;
    return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]), 0);
  } catch {
    return Number.NaN;
  }
}

export interface MemoryUsage {
  /** MB; NaN when the process is gone. */
  readonly resident: number;
  /** Written by this process and shared with nobody, MB. */
  readonly privateDirty: number;
}

export function readMemory(pid: number): MemoryUsage {
  try {
    const text = readFileSync(`/proc/${String(pid)}/smaps_rollup`, "utf8");
    const megabytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1]) / 1024;
    return { resident: megabytes("Rss"), privateDirty: megabytes("Private_Dirty") };
  } catch {
    return { resident: Number.NaN, privateDirty: Number.NaN };
  }
}
