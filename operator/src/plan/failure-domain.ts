/** What fails together: nodes with the same label value. A node without the label, and every external source, is alone. */
import type { WorldNode } from "./world.js";

/** Prefixes keep a zone and a node of one name apart. */
export function readFailureDomain(node: WorldNode, key: string): string {
  const value = Object.hasOwn(node.labels, key) ? node.labels[key] : undefined;
  return value === undefined ? `node/${node.name}` : `label/${value}`;
}
