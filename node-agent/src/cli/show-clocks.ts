/** `meridian-agent clocks`: the clocks of this node by the names that resources use. */
import type { AgentStatus } from "../status/agent-status.js";
import { formatName } from "./format.js";
import { type Column, renderTable } from "./table.js";

const longestDevice = 120;

const columns: readonly Column<AgentStatus["clocks"][number]>[] = [
  { heading: "NAME", cell: ({ name }) => formatName(name) },
  { heading: "TYPE", cell: ({ type }) => formatName(type) },
  { heading: "STEERABLE", cell: ({ steerable }) => (steerable ? "yes" : "no") },
  { heading: "DEVICE", cell: ({ device }) => formatName(device, longestDevice) },
];

export const showClocks = (clocks: AgentStatus["clocks"]): string => renderTable(columns, clocks);
