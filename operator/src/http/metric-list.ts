/** All metrics of the operator, for docs/reference/metrics.md and its test. */
import { createInstruments } from "kopf-ts";
import { Registry } from "prom-client";
import { createHubInstruments } from "./hub-instruments.js";
import { createPrometheusMetrics, metricsPrefix } from "./prometheus.js";

export interface MetricRow {
  readonly name: string;
  readonly help: string;
  /** counter, gauge or histogram. */
  readonly type: string;
  readonly labelNames: readonly string[];
}

export function listOperatorMetrics(): MetricRow[] {
  const registry = new Registry();
  const metrics = createPrometheusMetrics(registry, metricsPrefix);
  createInstruments(metrics);
  createHubInstruments(metrics);
  return rowsOf(registry);
}

function rowsOf(registry: Registry): MetricRow[] {
  return registry.getMetricsAsArray().map((metric) => {
    // prom-client's types name neither, its objects have both.
    const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
    return { name: metric.name, help: metric.help, type: metric.constructor.name.toLowerCase(), labelNames };
  });
}
