/** What is kept of a Node: 15 kB become a few hundred bytes. */
import type { Node } from "../kinds.js";

export function projectNode({ apiVersion, kind, metadata, status }: Node): Node {
  const { name, uid, resourceVersion, labels } = metadata;
  const addresses = status?.addresses?.filter(({ type }) => type === "InternalIP") ?? [];
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(labels === undefined ? {} : { labels }),
    },
    status: { addresses },
  };
}
