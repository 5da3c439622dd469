/** A real transport, aimed at the fake server. */
import type { KubeConfig } from "@kubernetes/client-node";
import { systemClock } from "../clock/clock.js";
import { createInstruments, type Metrics, noMetrics } from "../metrics/metrics.js";
import { createConnectionPool } from "../transport/connection-pool.js";
import { createCredentialSource } from "../transport/credentials.js";
import { createTransport, type Transport } from "../transport/transport.js";

export function transportTo(kube: KubeConfig, metrics: Metrics = noMetrics()): Transport {
  const clock = systemClock();
  const credentials = createCredentialSource({ kube, clock, readFile: () => Promise.reject(new Error("no files")) });
  const instruments = createInstruments(metrics);
  return createTransport({ credentials, pool: createConnectionPool(), userAgent: "test", clock, random: Math.random, instruments });
}
