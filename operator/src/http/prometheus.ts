/** kopf-ts's and our own metrics over prom-client, under one prefix. */
import type { Metrics } from "kopf-ts";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export const metricsPrefix = "meridian_";

export function createPrometheusMetrics(registry: Registry, prefix: string): Metrics {
  const options = ({ name, help, labels }: { name: string; help: string; labels: readonly string[] }) => ({
    name: prefix + name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    counter: (definition) => {
      const counter = new Counter(options(definition));
      return { increment: (labels, by = 1) => counter.inc({ ...labels }, by) };
    },
    gauge: (definition) => {
      const gauge = new Gauge(options(definition));
      return { set: (labels, value) => gauge.set({ ...labels }, value) };
    },
    histogram: (definition) => {
      const { buckets } = definition;
      const histogram = new Histogram({ ...options(definition), ...(buckets === undefined ? {} : { buckets: [...buckets] }) });
      return { observe: (labels, value) => histogram.observe({ ...labels }, value) };
    },
  };
}
