/** All metrics of the agent, for docs/reference/metrics.md and its test. */
import { Instruments } from "./instruments.js";

export interface MetricRow {
  readonly name: string;
  readonly help: string;
  /** counter, gauge or histogram. */
  readonly type: string;
  readonly labelNames: readonly string[];
}

export function listAgentMetrics(): MetricRow[] {
  const instruments = new Instruments(() => 0);
  instruments.observeHost(() => []);
  instruments.observeDisruptions(() => []);
  instruments.observeStability(() => null);
  instruments.observeNtpServer(() => null);
  return instruments.registry.getMetricsAsArray().map((metric) => {
    // prom-client's types name neither, its objects have both.
    const { labelNames = [] } = metric as unknown as { labelNames?: readonly string[] };
    return { name: metric.name, help: metric.help, type: metric.constructor.name.toLowerCase(), labelNames };
  });
}
