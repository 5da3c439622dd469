/** One fault from beginning to end: a settled operator, the fault, the recovery, and a later change that has to arrive. */
import { FaultTrial } from "./fault-trial.js";
import type { FaultOutcome } from "./outcome.js";
import type { WireFault } from "./wire-faults.js";

const laterLimitSeconds = 60;

export async function runWireFault(fault: WireFault): Promise<FaultOutcome> {
  const trial = await FaultTrial.start({ prepare: fault.prepare });
  try {
    const before = trial.interruptions();
    await fault.inflict(trial);
    const wellAt = performance.now();
    const recovered = await trial.converge(fault.limitSeconds ?? 60);
    const recoverSeconds = recovered ? (performance.now() - wellAt) / 1000 : null;
    const complaints = recovered ? findMissingSigns(fault, trial, before) : trial.disagreements.slice(0, 3);
    trial.server.put("later", { size: 1 });
    if (recovered && !(await trial.converge(laterLimitSeconds))) complaints.push("a later change did not arrive");
    trial.witness.audit();
    complaints.push(...trial.witness.violations.slice(0, 3));
    const told = `${describeInterruptions(trial)}, ${String(trial.snapshots)} snapshots`;
    return { fault: fault.name, ok: complaints.length === 0, recoverSeconds, detail: [told, ...complaints].join("; ") };
  } finally {
    await trial.close();
  }
}

/** What shows that the fault missed its mark. */
function findMissingSigns({ signs }: WireFault, trial: FaultTrial, before: number): string[] {
  const wanted = (code: string): number => signs.filter((sign) => sign === code).length;
  const missing = [...new Set<string>(signs)]
    .filter((code) => trial.interruptions(code) < wanted(code))
    .map((code) => `met ${code} less than ${String(wanted(code))} times`);
  if (signs.length === 0 && trial.interruptions() > before) missing.push("was interrupted");
  if (trial.server.faultsLeft > 0) missing.push(`${String(trial.server.faultsLeft)} failures were never met`);
  return missing;
}

function describeInterruptions(trial: FaultTrial): string {
  const counts = [...trial.interruptionCounts].map(([code, count]) => `${code.replace("KOPF_", "")} ×${String(count)}`);
  return counts.join(", ") || "no interruption";
}
