/** A status's conditions as a whole: what is wanted stays or changes, what is not wanted any more goes. */
import type { ConditionKind, ConditionOf } from "@meridian/crds";
import { type Condition, setCondition } from "kopf-ts";

export type WantedCondition = Omit<Condition, "lastTransitionTime" | "observedGeneration">;
/** With a type and a reason of the API's closed set for this kind of object. */
export type ConditionFor<Kind extends ConditionKind> = ConditionOf<Kind> & Pick<WantedCondition, "status" | "message">;

const say =
  <Status extends WantedCondition["status"]>(status: Status) =>
  <const Type extends string, const Reason extends string>(type: Type, reason: Reason, message: string) => ({
    type,
    status,
    reason,
    message,
  });
export const isTrue = say("True");
export const isFalse = say("False");
export const isUnknown = say("Unknown");

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
