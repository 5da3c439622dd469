/** An instant as a status holds it: whole seconds, as metav1.Time. */
export function formatInstant(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}
