/** The continuous comparison: what the members say of each source, as one line per source. */
import type { TimeDomainSpec, TimeDomainStatus } from "@meridian/crds";
import type { AgentSource } from "../../hub/agent-report.js";
import { formatInstant } from "../instant.js";
import type { Member } from "./member.js";

type SourceStatus = NonNullable<TimeDomainStatus["sources"]>[number];

export function sourcesStatus(
  sources: TimeDomainSpec["sources"],
  members: readonly Member[],
  standing: TimeDomainStatus["sources"],
  now: Date,
): SourceStatus[] {
  return sources.map(({ name }) => {
    const opinions = opinionsOf(name, members);
    const { state, reason } = mostCommonState(opinions);
    const before = standing?.find((source) => source.name === name);
    const offsets = opinions.filter((opinion) => opinion.state === "Healthy").map(({ offsetFromConsensus }) => offsetFromConsensus);
    return {
      name,
      state,
      reason,
      ...(offsets.length === 0 ? {} : { offsetFromConsensusNanoseconds: Math.round(median(offsets)) }),
      usedByNodes: members.filter(({ judgement }) => judgement.report?.selectedUpstream === name).length,
      stateTransitionTime: before?.state === state ? before.stateTransitionTime : formatInstant(now),
    };
  });
}

/** What every member that measures the source says of it. */
export function opinionsOf(source: string, members: readonly Member[]): AgentSource[] {
  return members.flatMap(({ judgement }) => judgement.report?.sources.filter(({ name }) => name === source) ?? []);
}

/** The state that most say, and the reason that most of those give. */
export function mostCommonState(opinions: readonly Pick<AgentSource, "state" | "reason">[]): { state: string; reason: string } {
  if (opinions.length === 0) return { state: "Unknown", reason: "NotMeasured" };
  const state = mostCommon(opinions.map((opinion) => opinion.state));
  return { state, reason: mostCommon(opinions.filter((opinion) => opinion.state === state).map(({ reason }) => reason)) };
}

/** Of equally many the first by name, so that the answer does not depend on order. */
export function mostCommon(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? "";
}

/** @param values at least one */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[(sorted.length >> 1) - 1] ?? 0)) / 2;
}
