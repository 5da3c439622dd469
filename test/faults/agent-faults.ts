/** Every fault that an agent is put through, by name; the longest first, so that no lane ends alone. */
import { agentClockFaults } from "./agent-clock-faults.js";
import { agentDiskFaults } from "./agent-disk-faults.js";
import type { AgentFault } from "./agent-fault.js";
import { agentHubFaults } from "./agent-hub-faults.js";
import { agentNetworkFaults } from "./agent-network-faults.js";
import { agentPeerFaults } from "./agent-peer-faults.js";
import { agentProcessFaults } from "./agent-process-faults.js";
import { slewPhases } from "./slew-phases.js";

export const agentFaults: readonly AgentFault[] = [
  ...slewPhases,
  ...agentClockFaults,
  ...agentPeerFaults,
  ...agentHubFaults,
  ...agentNetworkFaults,
  ...agentDiskFaults,
  ...agentProcessFaults,
];
