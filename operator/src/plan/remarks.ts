/** What an intent says and its plan cannot heed. Nothing is refused for it; the Accepted condition says it. */
import type { NodePlan } from "./plan.js";
import type { SourceIntent } from "./source-intent.js";
import type { WorldDomain } from "./world.js";

/** @returns for a person; each begins with the field path */
export function findRemarks({ spec }: WorldDomain, sources: readonly SourceIntent[], members: readonly NodePlan[]): readonly string[] {
  const remarks = sources
    .filter(({ origin, index }) => origin.kind === "external-ntp" && spec.sources[index]?.interfaces !== undefined)
    .map(
      ({ grandmaster, index }) =>
        `spec.sources[${index}].interfaces has no effect: Grandmaster ${grandmaster} is an NTP server, which is reached by the node's routing`,
    );
  const serving = members.some((member) => member.spec.serves?.some(({ protocol }) => protocol === "NTP"));
  if (spec.serve?.ntp !== undefined && !serving) remarks.push("spec.serve.ntp.nodeSelector: no member is selected that may serve");
  return remarks;
}
