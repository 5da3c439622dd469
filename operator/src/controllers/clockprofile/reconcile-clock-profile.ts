/** One ClockProfile's status: whether its numbers hold, and who uses it. */
import { type ClockProfileStatus, resolveProfile } from "@meridian/crds";
import { done, type HandlerContext, type ReconcileResult, statusEquals } from "kopf-ts";
import { type ClockProfile, ClockProfiles, TimeDomains } from "../../kinds.js";
import { conditionEvents } from "../condition-events.js";
import { buildConditions, isFalse, isTrue } from "../conditions.js";

const mostUsers = 16;

export function createClockProfileReconciler(date: () => Date) {
  return async ({ key, object, cache, client, events }: HandlerContext<ClockProfile>): Promise<ReconcileResult> => {
    if (object === undefined) return done();
    const usedBy = cache(TimeDomains)
      .list()
      .filter(({ spec }) => spec.profileRef?.name === key)
      .map(({ metadata }) => metadata.name)
      .sort();
    const status = clockProfileStatus(object, usedBy, date());
    if (!statusEquals(object.status, status)) {
      await client.applyStatus(ClockProfiles, { metadata: { name: key }, status });
      for (const event of conditionEvents(object.status?.conditions, status.conditions)) events.record(ClockProfiles, object, event);
    }
    return done();
  };
}

export function clockProfileStatus({ metadata, spec, status }: ClockProfile, usedBy: readonly string[], now: Date): ClockProfileStatus {
  const resolution = resolveProfile(spec);
  const verdict =
    resolution.kind === "resolved"
      ? (type: string) => isTrue(type, "Accepted", "every number is in its base's range")
      : (type: string) =>
          isFalse(
            type,
            "OutOfRange",
            `${resolution.field} is ${resolution.value}, base ${spec.ptp?.base ?? ""} allows ${resolution.minimum} … ${resolution.maximum}`,
          );
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: buildConditions(status?.conditions, [verdict("Ready"), verdict("Accepted")], metadata.generation, now),
    usedBy: usedBy.slice(0, mostUsers),
  };
}
