/** A PTP instance, as the planner counts them: one per TimeDomain and Grandmaster, however many sources name it. */
export function formatInstanceKey(domain: string, grandmaster: string): string {
  return `${domain}/${grandmaster}`;
}
