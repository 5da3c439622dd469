/**
 * `status.conditions` by the API conventions: the transition time moves only when `status` flips, and what did not change
 * stays the same reference, so that "is there anything to write" is one comparison.
 */

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, part of the API. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

/** API conventions: a message is cut here, since one overlong message would make the whole status invalid. */
const longestMessage = 32_768;

/** The same array if nothing changed, otherwise a new one with the condition in its place (or at the end). */
export function setCondition(
  conditions: readonly Condition[],
  wanted: Omit<Condition, "lastTransitionTime">,
  now: Date,
): readonly Condition[] {
  const index = conditions.findIndex((condition) => condition.type === wanted.type);
  const before = conditions[index];
  const message = wanted.message.slice(0, longestMessage);
  const transition = before !== undefined && before.status === wanted.status ? before.lastTransitionTime : formatSeconds(now);
  const after: Condition = { ...wanted, message, lastTransitionTime: transition };
  if (before === undefined) return [...conditions, after];
  return sameCondition(before, after) ? conditions : conditions.with(index, after);
}

/** The same array if there was none of this type. */
export function removeCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.some((condition) => condition.type === type) ? conditions.filter((condition) => condition.type !== type) : conditions;
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}

/** metav1.Time has whole seconds; fractions would come back different and look like a change. */
function formatSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}
