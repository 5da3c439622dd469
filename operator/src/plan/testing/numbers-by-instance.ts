/** PTP domain numbers that a plan allocates, by TimeDomain and Grandmaster; those of external grandmasters are not ours. */
import type { Plan } from "../plan.js";

export function numbersByInstance(plan: Plan): ReadonlyMap<string, number> {
  const allocated = new Map<string, number>();
  for (const { name, sources } of plan.domains.values()) {
    for (const { grandmaster, domainNumber, servedBy } of sources) {
      if (servedBy !== null && domainNumber !== null) allocated.set(`${name}/${grandmaster}`, domainNumber);
    }
  }
  return allocated;
}
