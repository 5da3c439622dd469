/** `meridian-agent clocks`: the clocks of this node by the names that resources use, and how stable those are that are measured. */
import type { AgentStatus, ClockEntry, StabilityFigures } from "../status/agent-status.js";
import { formatDuration, formatName, formatTime, nothing } from "./format.js";
import { type Column, renderTable } from "./table.js";

const longestDevice = 120;

const columns: readonly Column<ClockEntry>[] = [
  { heading: "NAME", cell: ({ name }) => formatName(name) },
  { heading: "TYPE", cell: ({ type }) => formatName(type) },
  { heading: "STEERABLE", cell: ({ steerable }) => (steerable ? "yes" : "no") },
  { heading: "DEVICE", cell: ({ device }) => formatName(device, longestDevice) },
];

const stabilityColumns: readonly Column<StabilityFigures["intervals"][number]>[] = [
  { heading: "TAU", align: "right", cell: ({ tauSeconds }) => `${String(tauSeconds)} s` },
  { heading: "ADEV", align: "right", cell: ({ allanDeviation }) => (allanDeviation === null ? nothing : allanDeviation.toExponential(2)) },
  { heading: "TDEV", align: "right", cell: ({ timeDeviationNanoseconds }) => formatTime(timeDeviationNanoseconds) },
  { heading: "MTIE", align: "right", cell: (interval) => formatTime(interval.maximumTimeIntervalErrorNanoseconds) },
];

export function showClocks(clocks: AgentStatus["clocks"]): string {
  const tables = [renderTable(columns, clocks)];
  for (const { name, stability } of clocks) if (stability !== null) tables.push(showStability(name, stability));
  return tables.join("\n");
}

function showStability(name: string, stability: StabilityFigures): string {
  const { watchedSeconds, intervals } = stability;
  const mean = formatTime(stability.meanTimeErrorNanoseconds, true);
  const rms = formatTime(stability.rootMeanSquareTimeErrorNanoseconds);
  const largest = formatTime(stability.largestTimeErrorNanoseconds);
  const line = `${formatName(name)}, watched for ${formatDuration(watchedSeconds)}: time error mean ${mean}, RMS ${rms}, largest ${largest}\n`;
  return line + (intervals.length === 0 ? "" : renderTable(stabilityColumns, intervals));
}
