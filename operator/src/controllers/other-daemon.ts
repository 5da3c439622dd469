/** Another program that steers a member's clock: whether the agent stands back for it, and how people are told. */
import type { AgentReport } from "../hub/agent-report.js";

export const otherDaemonRemedy = "stop it, or set spec.hostTimeDaemon of the TimeDomain to Observe";

/** The agent steers nothing because somebody else does. Conflicted is also what it says when its sources disagree. */
export function standsBack({ reason, state }: AgentReport): boolean {
  return state === "Conflicted" && reason !== "SourcesDisagree";
}

/** Programs, without the clocks; never empty. */
export function namePrograms({ conflicts }: AgentReport): string {
  const programs = [...new Set(conflicts.map(({ process }) => process || unnamed))];
  return programs.length === 0 ? unnamed : programs.join(", ");
}

/** Who steers which clock, and how the agent knows; never empty. */
export function describeConflicts({ conflicts }: AgentReport): string {
  if (conflicts.length === 0) return `${unnamed} steers the clock`;
  return conflicts
    .map(({ clock, evidence, process }) => `${process || unnamed} steers ${clock}${evidence === "" ? "" : ` (${evidence})`}`)
    .join("; ");
}

const unnamed = "a program that cannot be named";
