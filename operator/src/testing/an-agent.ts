/** Agents for tests: what a healthy one says, and how a test changes it. */
import type { AgentCapabilities, AgentReport, AgentSource } from "../hub/agent-report.js";
import type { AgentStream, AgentView } from "../hub/fleet.js";

export function aSource(change: Partial<AgentSource> = {}): AgentSource {
  return {
    name: "gm-a",
    state: "Healthy",
    reason: "",
    offsetFromConsensus: 12,
    clockClass: 6,
    grandmasterIdentity: "020000.fffe.000001",
    currentUtcOffset: 37,
    stratum: null,
    referenceId: "",
    ...change,
  };
}

export function aReport(change: Partial<AgentReport> = {}): AgentReport {
  return {
    sequence: 1,
    state: "PhaseAligned",
    reason: "Locked",
    stateAge: 30_000,
    selectedUpstream: "gm-a",
    offset: 120,
    calibrated: 7_300,
    guaranteed: 41_000,
    frequency: 18_000,
    pathDelay: 9_000,
    grandmasterIdentity: "020000.fffe.000001",
    stepsRemoved: 0,
    steps: 1,
    sources: [aSource()],
    transitions: [{ state: "PhaseAligned", reason: "Locked", age: 30_000 }],
    conflicts: [],
    ...change,
  };
}

const capabilities: AgentCapabilities = {
  interfaces: [{ name: "eth0", addresses: ["10.0.0.1"], timestamping: "Software" }],
  clocks: ["system"],
  devices: [{ name: "system", type: "System", device: "realtime:" }],
  phcs: new Map(),
  canSteer: true,
};

export const aStream: AgentStream = { order: () => undefined, revision: "r1" };

export function aView(change: Partial<AgentView> = {}): AgentView {
  return {
    node: "n",
    instance: "boot process",
    stream: aStream,
    since: 0,
    capabilities,
    report: aReport(),
    reportedAt: 0,
    applied: { revision: "r1", mentioned: [], failed: [] },
    ...change,
  };
}
