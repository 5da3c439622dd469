/** Points in time with microseconds, as Leases and Events carry them. */

const lastDay = Date.UTC(9999, 11, 31);

/**
 * metav1.MicroTime: the API server insists on six decimals and a year of four digits, so a clock far beyond is written as the end
 * of that range rather than refused. `count` fills the last three decimals: others take a Lease that looks as before for silence,
 * so it has to differ also when the wall clock stands still, or is set back between two renewals.
 */
export function formatMicroTime(date: Date, count = 0): string {
  const milliseconds = Math.min(Math.max(date.getTime() || 0, 0), lastDay);
  return new Date(milliseconds).toISOString().replace("Z", `${String(count % 1000).padStart(3, "0")}Z`);
}
