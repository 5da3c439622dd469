/** The interface that a node's standing plan uses for a source; asked only while its agent has not been heard. */
import type { NodeClockSpec } from "@meridian/crds";
import { readPtpServes } from "./ptp-entry.js";
import type { SourceIntent } from "./source-intent.js";

/** What the plan says of this source, else of its Grandmaster under another name. */
export function recallFollowed(standing: NodeClockSpec | undefined, source: SourceIntent): string | null {
  const upstreams = (standing?.upstreams ?? []).filter(({ grandmasterRef }) => grandmasterRef?.name === source.grandmaster);
  return (upstreams.find(({ name }) => name === source.name) ?? upstreams[0])?.interface ?? null;
}

/** What is served under the same number (null: not known yet) counts first, then an interface that the source names, then any. */
export function recallServed(standing: NodeClockSpec | undefined, source: SourceIntent, domainNumber: number | null): string | null {
  const entries = readPtpServes(standing ?? {})
    .filter(({ grandmasterRef }) => grandmasterRef.name === source.grandmaster)
    .map((entry) => ({
      name: entry.interface,
      fit: (entry.domainNumber === domainNumber ? 2 : 0) + (source.interfaces?.includes(entry.interface) === true ? 1 : 0),
    }));
  return entries.toSorted((a, b) => b.fit - a.fit)[0]?.name ?? null;
}
