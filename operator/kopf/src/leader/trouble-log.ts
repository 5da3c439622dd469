/** Trouble with the Lease in the log: one line when it begins, or becomes another, and one when it is over. */
import { codeOf } from "../errors.js";
import type { Log } from "../log/log.js";

export interface TroubleLog {
  /** @param error of this round; undefined: it went well */
  report(error: unknown): void;
}

export function createTroubleLog(lease: string, log: Log): TroubleLog {
  let failing: string | undefined;
  return {
    report(error) {
      const code = error === undefined ? undefined : codeOf(error);
      if (code === failing) return;
      if (code === undefined) log.info({ lease }, "the lease can be read and written again");
      else log.warn({ lease, code, err: error }, "the lease cannot be read or written");
      failing = code;
    },
  };
}
