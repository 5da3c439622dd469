/** Named checks and their evaluation; how the answer travels is somebody else's business. */
import type { Clock } from "../clock/clock.js";
import { startDeadline } from "../clock/deadline.js";
import { KopfError } from "../errors.js";
import type { Check, CheckPurpose, CheckResult, Health, HealthReport } from "./check.js";

export interface CheckRegistry extends Health {
  /** Throws KOPF_CONFIG_INVALID when the name is taken for this purpose. */
  add(name: string, check: Check, purpose: CheckPurpose): void;
}

/** A check that hangs is itself the finding. */
const checkLimitMs = 5_000;

export function createCheckRegistry(clock: Clock): CheckRegistry {
  const checks: Readonly<Record<CheckPurpose, Map<string, Check>>> = { live: new Map(), ready: new Map() };

  const report = async (purpose: CheckPurpose): Promise<HealthReport> => {
    const results = await Promise.all(Array.from(checks[purpose], async ([name, check]) => [name, await runCheck(check, clock)] as const));
    return { healthy: results.every(([, result]) => result.healthy), checks: Object.fromEntries(results) };
  };
  return {
    add(name, check, purpose) {
      if (checks[purpose].has(name)) throw new KopfError("KOPF_CONFIG_INVALID", `there already is a ${purpose} check ${name}`);
      checks[purpose].set(name, check);
    },
    live: () => report("live"),
    ready: () => report("ready"),
  };
}

async function runCheck(check: Check, clock: Clock): Promise<CheckResult> {
  const deadline = startDeadline(clock, checkLimitMs, undefined, () => new Error(`no answer within ${checkLimitMs} ms`));
  try {
    const late = new Promise<never>((_resolve, reject) => {
      deadline.signal.addEventListener("abort", () => reject(deadline.signal.reason as Error), { once: true });
    });
    return await Promise.race([(async () => check())(), late]);
  } catch (error) {
    return { healthy: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    deadline.clear();
  }
}
