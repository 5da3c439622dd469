/** What Helm rendered, as objects; and what a schema of Kubernetes does not forbid, yet server-side apply does: keys that stand twice. */
import { parseAllDocuments } from "yaml";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
}

/** @throws Error for what is no YAML, a key that stands twice in a map among it */
export function parseRendering(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if ("empty" in document) return [];
    const [problem] = document.errors;
    if (problem) throw new Error(`${problem.message}\n${text.slice(Math.max(0, problem.pos[0] - 200), problem.pos[0] + 100)}`);
    const object = document.toJS() as KubeObject | null;
    return object === null ? [] : [object];
  });
}

export const nameOf = ({ kind, metadata }: KubeObject): string =>
  `${kind}/${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name}`;

/** By their list's name: what tells its items apart, as in the merge keys of Kubernetes' own types. */
const keysOfLists: Readonly<Record<string, (item: Item) => string>> = {
  env: ({ name }) => String(name),
  containers: ({ name }) => String(name),
  volumes: ({ name }) => String(name),
  volumeMounts: ({ mountPath }) => String(mountPath),
  imagePullSecrets: ({ name }) => String(name),
  topologySpreadConstraints: ({ topologyKey, whenUnsatisfiable }) => `${String(topologyKey)} ${String(whenUnsatisfiable)}`,
};
interface Item {
  readonly name?: string;
  readonly mountPath?: string;
  readonly topologyKey?: string;
  readonly whenUnsatisfiable?: string;
  readonly containerPort?: number;
  readonly port?: number;
  readonly protocol?: string;
}

/** @returns paths of list items that stand twice */
export function findDuplicates(object: KubeObject): string[] {
  const found: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const here = Array.isArray(value) ? path : `${path}.${key}`;
      if (Array.isArray(inner)) for (const twice of duplicatesIn(key, inner as Item[])) found.push(`${here}[${twice}]`);
      walk(inner, here);
    }
  };
  walk(object.spec, `${nameOf(object)} spec`);
  return found;
}

function duplicatesIn(list: string, items: readonly Item[]): string[] {
  const keys: string[] = [];
  if (list === "ports") {
    // A container's port and a Service's: neither number nor name may stand twice.
    keys.push(...items.map(({ containerPort, port, protocol }) => `${String(containerPort ?? port)}/${String(protocol)}`));
    keys.push(...items.flatMap(({ name }) => (name === undefined ? [] : [name])));
  } else {
    const keyOf = keysOfLists[list];
    if (keyOf) keys.push(...items.map(keyOf));
  }
  return keys.filter((key, index) => keys.indexOf(key) !== index);
}

/** Labels, annotations and hooks that only Helm understands, taken out: what the kustomize base holds. */
export function withoutHelm(object: KubeObject): KubeObject {
  const keep = (map: Readonly<Record<string, string>> | undefined) => {
    const entries = Object.entries(map ?? {}).filter(([key]) => !key.startsWith("helm.sh/") && key !== "app.kubernetes.io/managed-by");
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  const { labels, annotations, ...metadata } = object.metadata;
  const kept = { labels: keep(labels), annotations: keep(annotations) };
  return JSON.parse(JSON.stringify({ ...object, metadata: { ...metadata, ...kept } })) as KubeObject;
}
