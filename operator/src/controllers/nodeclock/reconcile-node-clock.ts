/** One NodeClock's status: what its agent says, written when its meaning changes. */
import { done, type HandlerContext, type ReconcileResult, requeueAfter } from "kopf-ts";
import type { Fleet } from "../../hub/fleet.js";
import { promisedParts } from "../../hub/promised-parts.js";
import { type NodeClock, NodeClocks, TimeDomains } from "../../kinds.js";
import { judgeNode, judgeOrphan } from "../judge-node.js";
import { policyOf } from "../node/reconcile-node.js";
import { nodeClockEvents } from "./node-clock-events.js";
import { nodeClockStatus } from "./node-clock-status.js";
import type { StepCounts } from "./step-counts.js";
import type { StatusBudget } from "./status-budget.js";
import { urgencyOf } from "./urgency.js";

export interface Clocks {
  /** Monotonic ms. */
  readonly monotonic: () => number;
  readonly date: () => Date;
}

export function createNodeClockReconciler(fleet: Fleet, clocks: Clocks, budget: StatusBudget, steps: StepCounts) {
  return async ({ key, object, cache, client, events }: HandlerContext<NodeClock>): Promise<ReconcileResult> => {
    if (object === undefined) {
      budget.cancel(key);
      steps.forget(key);
      return done();
    }
    const { metadata, spec, status: standing } = object;
    const domain = cache(TimeDomains).get(spec.domainRef.name);
    const view = fleet.get(spec.nodeName);
    const nowMs = clocks.monotonic();
    const stepped = steps.observe(key, view);
    if (stepped !== null) events.record(NodeClocks, object, stepped);
    // Without its domain it is about to be deleted, or kept because the domain that has it now is refused.
    const judgement = domain
      ? judgeNode(view, domain.spec.objective, nowMs, fleet.startedAt)
      : judgeOrphan(view, spec.domainRef.name, nowMs, fleet.startedAt);
    // Just started: what stands is the best that is known, until the agent has had the time to come.
    if (!judgement.heard && standing !== undefined) return requeueAfter(Math.max(judgement.againAfterMs ?? 0, 1000));
    const promised = promisedParts(spec, policyOf(cache));
    const status = nodeClockStatus({ standing, generation: metadata.generation, view, promised, judgement, now: clocks.date() });
    if (status === standing) budget.cancel(key);
    else {
      const waitMs = budget.book(key, urgencyOf(standing, status));
      if (waitMs > 0) return requeueAfter(waitMs);
      await client.applyStatus(NodeClocks, { metadata: { name: metadata.name }, status });
      for (const event of nodeClockEvents(standing, status)) events.record(NodeClocks, object, event);
    }
    return judgement.againAfterMs === null ? done() : requeueAfter(Math.max(judgement.againAfterMs, 1000));
  };
}
