/** `meridian-agent sources`: what each source is worth to this node. */
import type { SourceFigures } from "../status/agent-status.js";
import { formatDuration, formatName, formatRate, formatTime } from "./format.js";
import { type Column, renderTable } from "./table.js";

/** chronyc's signs; what is wrong with a source comes before what it is used for. */
export function markOf({ state, selected, use }: Pick<SourceFigures, "state" | "selected" | "use">): string {
  switch (state) {
    case "NoAnswer":
    case "Acquiring":
    case "Unsynchronized":
      return "?";
    case "Falseticker":
      return "x";
    case "Suspect":
      return "~";
    case "Healthy":
      if (selected) return "*";
      return use === "Primary" ? "+" : "-";
    default:
      return "?"; // a newer agent's word
  }
}

const columns: readonly Column<SourceFigures>[] = [
  { heading: " ", cell: markOf },
  { heading: "NAME", cell: ({ name }) => formatName(name) },
  { heading: "STATE", cell: ({ state }) => formatName(state) },
  { heading: "REASON", cell: ({ reason }) => formatName(reason) },
  { heading: "STRATUM", align: "right", cell: ({ ntp }) => (ntp?.stratum == null ? "-" : String(ntp.stratum)) },
  // As chronyc has it: octal, the newest answer lowest.
  { heading: "REACH", align: "right", cell: ({ ntp }) => (ntp === null ? "-" : ntp.reachability.toString(8)) },
  { heading: "OFFSET", align: "right", cell: ({ offsetNanoseconds }) => formatTime(offsetNanoseconds, true) },
  { heading: "SD", align: "right", cell: ({ standardDeviationNanoseconds }) => formatTime(standardDeviationNanoseconds) },
  { heading: "RATE ppb", align: "right", cell: ({ ratePartsPerBillion }) => formatRate(ratePartsPerBillion) },
  { heading: "DELAY", align: "right", cell: ({ pathDelayNanoseconds }) => formatTime(pathDelayNanoseconds) },
  { heading: "ASYMMETRY", align: "right", cell: ({ asymmetryNanoseconds }) => formatTime(asymmetryNanoseconds) },
  { heading: "CORRELATION", align: "right", cell: ({ correlationSeconds }) => formatDuration(correlationSeconds) },
  { heading: "AGE", align: "right", cell: ({ lastMeasurementAgeSeconds }) => formatDuration(lastMeasurementAgeSeconds) },
];

export function showSources(sources: readonly SourceFigures[]): string {
  return sources.length === 0 ? "No sources are configured.\n" : renderTable(columns, sources);
}
