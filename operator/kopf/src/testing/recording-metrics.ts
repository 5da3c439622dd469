/** Metrics whose values a test can read. */
import type { Labels, Metrics } from "../metrics/metrics.js";

export interface RecordingMetrics extends Metrics {
  /** Sum of a counter, value of a gauge, or number of observations of a histogram; 0 when never touched. */
  value(name: string, labels: Labels): number;
}

export function createRecordingMetrics(): RecordingMetrics {
  const values = new Map<string, number>();
  const id = (name: string, labels: Labels): string =>
    `${name}${JSON.stringify(Object.entries(labels).sort(([a], [b]) => a.localeCompare(b)))}`;
  const add = (name: string, labels: Labels, by: number): void =>
    void values.set(id(name, labels), (values.get(id(name, labels)) ?? 0) + by);
  return {
    counter: ({ name }) => ({ increment: (labels, by = 1) => add(name, labels, by) }),
    gauge: ({ name }) => ({ set: (labels, value) => void values.set(id(name, labels), value) }),
    histogram: ({ name }) => ({ observe: (labels) => add(name, labels, 1) }),
    value: (name, labels) => values.get(id(name, labels)) ?? 0,
  };
}
