/** One NodeClock's status: what its agent says, written when its meaning changes. */
import { done, type HandlerContext, type ReconcileResult, requeueAfter } from "kopf-ts";
import type { Fleet } from "../../hub/fleet.js";
import { type NodeClock, NodeClocks, TimeDomains } from "../../kinds.js";
import { judgeNode, judgeOrphan } from "../judge-node.js";
import { nodeClockStatus } from "./node-clock-status.js";

export interface Clocks {
  /** Monotonic ms. */
  readonly monotonic: () => number;
  readonly date: () => Date;
}

export function createNodeClockReconciler(fleet: Fleet, clocks: Clocks) {
  return async ({ object, cache, client }: HandlerContext<NodeClock>): Promise<ReconcileResult> => {
    if (object === undefined) return done();
    const { metadata, spec, status: standing } = object;
    const domain = cache(TimeDomains).get(spec.domainRef.name);
    const view = fleet.get(spec.nodeName);
    const nowMs = clocks.monotonic();
    // Without its domain it is about to be deleted, or kept because the domain that has it now is refused.
    const judgement = domain
      ? judgeNode(view, domain.spec.objective, nowMs, fleet.startedAt)
      : judgeOrphan(view, spec.domainRef.name, nowMs, fleet.startedAt);
    // Just started: what stands is the best that is known, until the agent has had the time to come.
    if (!judgement.heard && standing !== undefined) return requeueAfter(Math.max(judgement.againAfterMs ?? 0, 1000));
    const status = nodeClockStatus({ standing, generation: metadata.generation, view, judgement, now: clocks.date() });
    if (status !== standing) await client.applyStatus(NodeClocks, { metadata: { name: metadata.name }, status });
    return judgement.againAfterMs === null ? done() : requeueAfter(Math.max(judgement.againAfterMs, 1000));
  };
}
