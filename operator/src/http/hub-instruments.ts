/** What the hub measures, as a table; kopf-ts has its own. docs/reference/metrics.md is generated from both. */
import type { Metrics } from "kopf-ts";

export type HubInstruments = ReturnType<typeof createHubInstruments>;

export function createHubInstruments(metrics: Metrics) {
  return {
    connected: metrics.gauge({ name: "hub_agents_connected", help: "Agents with an open stream to this replica.", labels: [] }),
    closed: metrics.counter({
      name: "hub_streams_closed_total",
      help: "Streams that ended, by the hub's code; left: the agent went; REDIRECT: it was sent to the leader.",
      labels: ["code"],
    }),
    rejected: metrics.counter({
      name: "hub_connections_rejected_total",
      help: "Connections that ended before a token was shown; crowded: too many at once, silent: none in time.",
      labels: ["reason"],
    }),
    statusWaiting: metrics.gauge({
      name: "nodeclock_status_waiting",
      help: "NodeClock statuses that wait for their turn to be written; 0 unless thousands change at once.",
      labels: [],
    }),
  };
}
