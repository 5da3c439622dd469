/** A status's conditions as a whole: what is wanted stays or changes, what is not wanted any more goes. */
import { type Condition, setCondition } from "kopf-ts";

export type WantedCondition = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

/** Of an aspect that is normal and has nothing to say. */
export const isTrue = (type: string, reason: string, message: string): WantedCondition => ({ type, status: "True", reason, message });
export const isFalse = (type: string, reason: string, message: string): WantedCondition => ({ type, status: "False", reason, message });
export const isUnknown = (type: string, reason: string, message: string): WantedCondition => ({ type, status: "Unknown", reason, message });

/** The CRDs' limit; a longer message would make the whole status invalid. */
const longestMessage = 1024;

/** Transition times move only where the status of a condition flips. @param generation of the spec that was judged */
export function buildConditions(
  standing: readonly Condition[] | undefined,
  wanted: readonly WantedCondition[],
  generation: number | undefined,
  now: Date,
): Condition[] {
  const kept = (standing ?? []).filter(({ type }) => wanted.some((condition) => condition.type === type));
  const built = wanted.reduce<readonly Condition[]>(
    (conditions, condition) =>
      setCondition(
        conditions,
        {
          ...condition,
          message: condition.message.slice(0, longestMessage),
          ...(generation === undefined ? {} : { observedGeneration: generation }),
        },
        now,
      ),
    kept,
  );
  return wanted.flatMap(({ type }) => built.filter((condition) => condition.type === type));
}
