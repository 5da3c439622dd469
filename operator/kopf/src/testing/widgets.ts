/** The one resource type that the fake API server serves, and the lines in which a watch tells of it. */
import type { KubeObject, ResourceType } from "../object/kube-object.js";

export interface Widget extends KubeObject {
  readonly spec?: { readonly size: number; readonly text?: string };
  readonly status?: { readonly seen: number };
}

export const Widgets: ResourceType<Widget> = { group: "test.io", version: "v1", plural: "widgets", kind: "Widget", namespaced: true };

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

/** A line of a watch, as sent. */
export function changeLine(type: ChangeType, object: Widget): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** A bookmark line; `endsSnapshot` adds the mark of a streaming list. */
export function bookmark(version: number, endsSnapshot = false): string {
  const annotations = endsSnapshot ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  const object = { apiVersion: "test.io/v1", kind: "Widget", metadata: { resourceVersion: String(version), ...annotations } };
  return `${JSON.stringify({ type: "BOOKMARK", object })}\n`;
}
