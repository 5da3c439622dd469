// vitest's global set-up: the module under test can steer CLOCK_REALTIME, so no test begins in a process that has the right to.
import { mayAdjustClock } from "./untimed.mjs";

export function setup() {
  if (mayAdjustClock())
    throw new Error(
      "tests do not run with CAP_SYS_TIME: use `npm test`, or put `setpriv --bounding-set=-sys_time --inh-caps=-sys_time` before it",
    );
}
