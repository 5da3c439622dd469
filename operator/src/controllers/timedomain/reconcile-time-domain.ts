/** One TimeDomain's status: written when a count, a state or a rounded bound changes, never twice within two seconds. */
import type { TimeDomainStatus } from "@meridian/crds";
import { type Cache, done, type HandlerContext, type ReconcileResult, requeueAfter, statusEquals } from "kopf-ts";
import type { Fleet } from "../../hub/fleet.js";
import { Grandmasters, type TimeDomain, TimeDomains } from "../../kinds.js";
import { readIndependenceGroup } from "../../plan/independence-group.js";
import type { LivePlan } from "../../world/live-plan.js";
import { conditionEvents } from "../condition-events.js";
import { judgeNode } from "../judge-node.js";
import type { Clocks } from "../nodeclock/reconcile-node-clock.js";
import { domainStatus, keepObservations } from "./domain-status.js";
import type { Member } from "./member.js";

const spacingMs = 2_000;
/** Figures without meaning of their own (offsets, the worst node's name) are renewed this often. */
const refreshMs = 600_000;

export function createTimeDomainReconciler(plan: LivePlan, fleet: Fleet, clocks: Clocks) {
  const writtenAt = new Map<string, number>();
  /** Monotonic ms since which a domain is refused. */
  const refusedSince = new Map<string, number>();
  return async ({ key, object, cache, client, events }: HandlerContext<TimeDomain>): Promise<ReconcileResult> => {
    const planned = object && plan.current.domains.get(key);
    if (object === undefined || planned === undefined) {
      writtenAt.delete(key);
      refusedSince.delete(key);
      return done();
    }
    const nowMs = clocks.monotonic();
    const written = writtenAt.get(key) ?? Number.NEGATIVE_INFINITY;
    // A change of the spec is answered at once: somebody may be waiting for it.
    const urgent = object.status?.observedGeneration !== object.metadata.generation;
    if (!urgent && nowMs - written < spacingMs) return requeueAfter(spacingMs - (nowMs - written));

    const members = planned.members.map((node) => memberOf(node, object, nowMs));
    // Just started: what stands is the best that is known of those who have not come yet.
    const unheard = object.status?.conditions !== undefined && members.some(({ judgement }) => !judgement.heard);
    if (unheard && !urgent) return requeueAfter(spacingMs);
    if (planned.acceptance.accepted) refusedSince.delete(key);
    else if (!refusedSince.has(key)) refusedSince.set(key, nowMs);
    const moment = { now: clocks.date(), refusedForMs: nowMs - (refusedSince.get(key) ?? nowMs) };
    const verdict = domainStatus(object, planned, groupsOf(object, cache), members, moment);
    const status = unheard && object.status ? keepObservations(object.status, verdict.status) : verdict.status;
    if (nowMs - written >= refreshMs ? !statusEquals(object.status, status) : !sameMeaning(object.status, status)) {
      await client.applyStatus(TimeDomains, { metadata: { name: key }, status });
      for (const event of conditionEvents(object.status?.conditions, status.conditions)) events.record(TimeDomains, object, event);
      writtenAt.set(key, nowMs);
    }
    const next = Math.min(
      verdict.againAfterMs ?? Number.POSITIVE_INFINITY,
      ...members.map(({ judgement }) => judgement.againAfterMs ?? Infinity),
    );
    return Number.isFinite(next) ? requeueAfter(Math.max(next, spacingMs)) : done();
  };

  function memberOf(node: string, { spec }: TimeDomain, nowMs: number): Member {
    const view = fleet.get(node);
    return { node, view, judgement: judgeNode(view, spec.objective, nowMs, fleet.startedAt) };
  }
}

function groupsOf({ spec }: TimeDomain, cache: Cache): ReadonlyMap<string, string> {
  return new Map(
    spec.sources.map(({ name, grandmasterRef }) => {
      const grandmaster = cache(Grandmasters).get(grandmasterRef.name);
      return [name, grandmaster ? readIndependenceGroup(grandmasterRef.name, grandmaster.spec) : grandmasterRef.name] as const;
    }),
  );
}

function sameMeaning(standing: TimeDomainStatus | undefined, status: TimeDomainStatus): boolean {
  return standing !== undefined && statusEquals(withoutFigures(standing), withoutFigures(status));
}

function withoutFigures({ sources, worst, ...rest }: TimeDomainStatus): object {
  return {
    ...rest,
    worst: worst?.errorBoundNanoseconds,
    sources: sources?.map(({ offsetFromConsensusNanoseconds: _offset, ...source }) => source),
  };
}
