/** One Grandmaster's status. */
import { type Cache, done, type HandlerContext, type ReconcileResult, requeueAfter, statusEquals } from "kopf-ts";
import type { AgentSource } from "../../hub/agent-report.js";
import type { Fleet } from "../../hub/fleet.js";
import { type Grandmaster, Grandmasters, Nodes, TimeDomains } from "../../kinds.js";
import { conditionEvents } from "../condition-events.js";
import { judgeNode } from "../judge-node.js";
import type { LivePlan } from "../../world/live-plan.js";
import type { Clocks } from "../nodeclock/reconcile-node-clock.js";
import { grandmasterStatus } from "./grandmaster-status.js";

const spacingMs = 2_000;

export function createGrandmasterReconciler(plan: LivePlan, fleet: Fleet, clocks: Clocks) {
  const writtenAt = new Map<string, number>();
  return async ({ key, object, cache, client, events }: HandlerContext<Grandmaster>): Promise<ReconcileResult> => {
    if (object === undefined) {
      writtenAt.delete(key);
      return done();
    }
    const nowMs = clocks.monotonic();
    const sinceMs = nowMs - (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < spacingMs && object.status?.observedGeneration === object.metadata.generation) return requeueAfter(spacingMs - sinceMs);
    const nodeName = object.spec.node?.nodeName;
    const opinions = opinionsOn(key, cache, nowMs);
    if (object.status?.conditions !== undefined && opinions.includes("unheard")) return requeueAfter(spacingMs);
    const status = grandmasterStatus(
      {
        grandmaster: object,
        domains: domainsOf(cache, key),
        opinions: opinions.filter((opinion) => opinion !== "unheard"),
        nodeExists: nodeName !== undefined && cache(Nodes).get(nodeName) !== undefined,
        agent: nodeName === undefined ? undefined : fleet.get(nodeName),
        serverState: nodeName === undefined ? null : serverStateOf(key, nodeName, nowMs),
      },
      clocks.date(),
    );
    if (!statusEquals(object.status, status)) {
      await client.applyStatus(Grandmasters, { metadata: { name: key }, status });
      for (const event of conditionEvents(object.status?.conditions, status.conditions)) events.record(Grandmasters, object, event);
      writtenAt.set(key, nowMs);
    }
    return done();
  };

  /** The state of the node that serves it: a clock without an objective of its own is judged by none. */
  function serverStateOf(grandmaster: string, node: string, nowMs: number): string | null {
    const serves = plan.current.nodes.get(node)?.spec.serves ?? [];
    if (!serves.some(({ grandmasterRef }) => grandmasterRef?.name === grandmaster)) return null;
    return judgeNode(fleet.get(node), { maxErrorNanoseconds: Number.MAX_SAFE_INTEGER }, nowMs, fleet.startedAt).report?.state ?? null;
  }

  /** By the plans that the nodes run, so that a domain that is refused now is heard as before. */
  function opinionsOn(grandmaster: string, cache: Cache, nowMs: number): Opinion[] {
    return [...plan.current.nodes].flatMap(([node, { spec }]): Opinion[] => {
      const names = (spec.upstreams ?? []).filter(({ grandmasterRef }) => grandmasterRef?.name === grandmaster).map(({ name }) => name);
      const domain = cache(TimeDomains).get(spec.domainRef.name);
      if (names.length === 0 || domain === undefined) return [];
      const { heard, report } = judgeNode(fleet.get(node), domain.spec.objective, nowMs, fleet.startedAt);
      if (!heard) return ["unheard"];
      return report?.sources.filter(({ name }) => names.includes(name)) ?? [];
    });
  }
}

/** "unheard": the operator has just started, and the agent has not come yet. */
type Opinion = AgentSource | "unheard";

function domainsOf(cache: Cache, grandmaster: string): string[] {
  return cache(TimeDomains)
    .list()
    .filter(({ spec }) => spec.sources.some(({ grandmasterRef }) => grandmasterRef.name === grandmaster))
    .map(({ metadata }) => metadata.name)
    .sort();
}
