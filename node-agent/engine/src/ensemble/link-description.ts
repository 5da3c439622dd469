/** What one link knows, in figures for people: read on request, changes nothing, costs nothing per packet. */
import type { Nanoseconds, Raw } from "../time/units.js";
import type { LinkDescription, SourceStatus } from "./contract.js";
import type { SourceLink } from "./source-link.js";

/** What only the whole ensemble knows of a link. */
export interface LinkSituation {
  readonly selected: boolean;
  readonly status: SourceStatus;
  /** Local time − raw time now, what holdover feeds forward included, ns; null: not known. */
  readonly steering: Nanoseconds | null;
}

export function describeLink(link: SourceLink, raw: Raw, { selected, status, steering }: LinkSituation): LinkDescription {
  const { filter, config } = link;
  const known = filter !== null && filter.state !== "cold";
  const ready = filter !== null && filter.state === "ready";
  const correlation = known ? Math.max(filter.shape.noise[0].correlation, filter.shape.noise[1].correlation) : 1;
  return {
    link: config.id,
    use: config.use,
    priority: config.priority,
    independenceGroup: config.independenceGroup,
    selected,
    state: status.state,
    reason: status.reason,
    offset: ready && steering !== null ? filter.offsetAt(raw) + steering : null,
    deviation: ready ? Math.sqrt(filter.beliefVarianceAt(raw)) : null,
    rate: known ? filter.rate : null,
    pathDelay: ready ? link.pathDelay : null,
    asymmetry: ready ? filter.asymmetry + link.asymmetryPrior : null,
    correlation: known ? (correlation === 1 ? 0 : correlation * filter.gap) : null,
    age: link.lastPacket === Number.NEGATIVE_INFINITY ? null : Math.max(0, raw - link.lastPacket),
    measurements: link.used,
  };
}
