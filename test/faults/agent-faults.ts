/** Every fault that an agent is put through, by name; the longest first, so that no lane ends alone. */
import { agentClockFaults } from "./agent-clock-faults.js";
import type { AgentFault } from "./agent-fault.js";
import { agentNetworkFaults } from "./agent-network-faults.js";
import { agentPeerFaults } from "./agent-peer-faults.js";
import { agentProcessFaults } from "./agent-process-faults.js";

export const agentFaults: readonly AgentFault[] = [...agentClockFaults, ...agentProcessFaults, ...agentPeerFaults, ...agentNetworkFaults];
