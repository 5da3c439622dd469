/**
 * One node: its part of the plan goes to NodeClock.spec first and to its agent second, so that what an agent does always stands
 * in the API server already.
 */
import {
  apiVersionOf,
  type Cache,
  done,
  type HandlerContext,
  isNotFound,
  type KubeClient,
  type OwnerReference,
  type ReconcileResult,
  requeueAfter,
  statusEquals,
} from "kopf-ts";
import type { Fleet } from "../../hub/fleet.js";
import { type PolicyObjects, resolveConfig } from "../../hub/resolve-config.js";
import { ClockProfiles, Grandmasters, type Node, type NodeClock, NodeClocks, Nodes, TimeDomains } from "../../kinds.js";
import type { NodePlan } from "../../plan/plan.js";
import type { DomainDefinition } from "../../world/domain-definition.js";
import type { LivePlan } from "../../world/live-plan.js";

/** Index of NodeClocks by the node that they are about; their names promise nothing. */
export const byNode = "byNode";
const cacheLagMs = 2_000;
const definitionRetryMs = 10_000;

export function createNodeReconciler(plan: LivePlan, fleet: Fleet, definition: DomainDefinition) {
  return async ({ key, object, cache, client, events, log, signal }: HandlerContext<Node>): Promise<ReconcileResult> => {
    const planned = object === undefined ? undefined : plan.current.nodes.get(key);
    const standing = cache(NodeClocks).byIndex(byNode, key)[0];
    if (object === undefined) fleet.forget(key);
    if (planned === undefined || object === undefined) return releaseNode();

    const wanted = describeNodeClock(planned, object);
    if (standing === undefined) await client.apply(NodeClocks, wanted);
    // Applying would leave what somebody else put into a list; a merge patch replaces lists as a whole.
    else if (!isAsWanted(standing, wanted)) {
      const { name } = standing.metadata;
      await client.patch(NodeClocks, { name }, { kind: "merge", patch: replaceSpec(wanted) });
    }
    if (standing === undefined || !isAsWanted(standing, wanted)) {
      log.info({ node: key, role: planned.spec.role, reason: planned.spec.roleReason }, "planned");
      const { role, roleReason } = planned.spec;
      if (standing !== undefined && standing.spec.role !== role)
        events.record(NodeClocks, standing, {
          type: "Normal",
          reason: "RoleChanged",
          action: "Plan",
          note: `${standing.spec.role} → ${role}: ${roleReason}`,
        });
    }
    // A refused or paused domain changes no running agent; one that lost everything gets back what it had.
    if (!planned.kept || fleet.get(key)?.stream?.revision === "") orderAgent(planned);
    return done();

    async function releaseNode(): Promise<ReconcileResult> {
      const claimed = [...plan.current.domains.values()].some(({ members }) => members.includes(key));
      // A new member of a refused domain has no plan yet; that is no reason to take away what it has.
      if (claimed && object !== undefined) return done();
      // The cache may be behind: a node that has just registered again must not lose its time.
      if (object === undefined && (await nodeExists(client, key))) return requeueAfter(cacheLagMs);
      const concerned = standing !== undefined || fleet.get(key) !== undefined;
      if (object !== undefined && concerned && !(await definition.isTrusted())) return requeueAfter(definitionRetryMs);
      if (standing !== undefined) {
        await deleteNodeClock(client, standing.metadata.name);
        log.info({ node: key }, "no domain claims the node: its NodeClock is deleted");
      }
      // A decision of a term that is over meanwhile must not go out under the next one's epoch.
      if (signal.aborted) return done();
      fleet.get(key)?.stream?.order({ kind: "release", reason: object === undefined ? "NodeDeleted" : "NoDomain" });
      return done();
    }

    function orderAgent({ spec }: NodePlan): void {
      const stream = fleet.get(key)?.stream;
      if (!stream || signal.aborted) return;
      const resolution = resolveConfig(spec, policyOf(cache));
      if (resolution.kind === "resolved") stream.order({ ...resolution, kind: "config" });
      else log.warn({ node: key, reason: resolution.reason }, "the agent keeps its configuration");
    }
  };
}

/** With its Node gone, the garbage collector may be faster. */
async function deleteNodeClock(client: KubeClient, name: string): Promise<void> {
  try {
    await client.delete(NodeClocks, { name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function nodeExists(client: KubeClient, name: string): Promise<boolean> {
  try {
    await client.get(Nodes, { name });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

interface WantedNodeClock {
  readonly metadata: { readonly name: string; readonly ownerReferences: readonly OwnerReference[] };
  readonly spec: NodePlan["spec"];
}

/** The Node owns its NodeClock without controlling it: a Node that is deleted takes it along, and nothing waits for that. */
function describeNodeClock({ spec }: NodePlan, { metadata }: Node): WantedNodeClock {
  const owner = { apiVersion: apiVersionOf(Nodes), kind: Nodes.kind, name: metadata.name, uid: metadata.uid ?? "", controller: false };
  return { metadata: { name: spec.nodeName, ownerReferences: [owner] }, spec };
}

function replaceSpec({ metadata, spec }: WantedNodeClock): object {
  const { ownerReferences } = metadata;
  return { metadata: { ownerReferences }, spec: { ...spec, serves: spec.serves ?? null, upstreams: spec.upstreams ?? null } };
}

function isAsWanted(standing: NodeClock, { metadata, spec }: WantedNodeClock): boolean {
  const owner = standing.metadata.ownerReferences?.find(({ kind }) => kind === Nodes.kind);
  return statusEquals(standing.spec, spec) && owner?.uid === metadata.ownerReferences[0]?.uid;
}

/** Policy by name, from the caches. */
export function policyOf(cache: Cache): PolicyObjects {
  return {
    domain: (name) => cache(TimeDomains).get(name)?.spec,
    grandmaster: (name) => cache(Grandmasters).get(name)?.spec,
    profile: (name) => cache(ClockProfiles).get(name)?.spec,
  };
}
