// Nothing that this repository starts may adjust the clock of the machine it runs on: every npm script gives the right up first.
import { readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";

/** Of capability.h. */
const capSysTime = 25n;

/** Whether this process could set or steer the machine's clock. @param {string} status text of /proc/self/status */
export function mayAdjustClock(status = readFileSync("/proc/self/status", "utf8")) {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${effective}`) >> capSysTime) & 1n) === 1n;
}

/**
 * Runs this very command again without CAP_SYS_TIME, for it and all that it starts.
 * @param {string[]} argv of this process, from the program on
 * @returns {number} its exit code
 */
export function rerunWithoutClockRights(argv) {
  const { status, signal, error } = spawnSync("setpriv", ["--bounding-set=-sys_time", "--inh-caps=-sys_time", ...argv], {
    stdio: "inherit",
  });
  if (error) throw error;
  return signal ? 1 : (status ?? 1);
}
