/**
 * ServiceMonitor and PodMonitor as far as the chart uses them, after the Prometheus operator's definitions: enough for the API
 * server to refuse a field that is not among those or of another type. They are not the real ones.
 */
const text = { type: "string" };
const object = (properties: object) => ({ type: "object", properties });
const labels = { type: "object", additionalProperties: text };
const relabelings = { type: "array", items: object({ sourceLabels: { type: "array", items: text }, targetLabel: text }) };
const endpoints = { type: "array", items: object({ port: text, path: text, interval: text, relabelings }) };

const definitionOf = (kind: string, plural: string, list: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.monitoring.coreos.com` },
  spec: {
    group: "monitoring.coreos.com",
    scope: "Namespaced",
    names: { kind, plural },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: object({ spec: object({ selector: object({ matchLabels: labels }), [list]: endpoints }) }) },
      },
    ],
  },
});

export const monitoringDefinitions: readonly object[] = [
  definitionOf("ServiceMonitor", "servicemonitors", "endpoints"),
  definitionOf("PodMonitor", "podmonitors", "podMetricsEndpoints"),
];
