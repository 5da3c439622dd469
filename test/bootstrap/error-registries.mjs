// Where every package keeps its error codes: the reference reads them as built, a test reads them as written.

/**
 * @typedef {{ code: string, meaning: string, remedy?: string }} CodedError
 * @typedef {{ name: string, source: string, exported: string, loadBuilt: () => Promise<Record<string, unknown>> }} Registry
 */

/** In the order in which a user meets them; `source` is relative to the repository. @type {readonly Registry[]} */
export const errorRegistries = [
  {
    name: "Operator",
    source: "operator/src/errors.ts",
    exported: "operatorErrorRegistry",
    loadBuilt: () => import("../../operator/dist/errors.js"),
  },
  {
    name: "Node agent",
    source: "node-agent/src/errors.ts",
    exported: "agentErrorRegistry",
    loadBuilt: () => import("../../node-agent/dist/errors.js"),
  },
  {
    name: "Native module",
    source: "node-agent/native/js/errors.ts",
    exported: "nativeErrorRegistry",
    loadBuilt: () => import("../../node-agent/native/dist/errors.js"),
  },
  {
    name: "Operator framework (kopf-ts)",
    source: "operator/kopf/src/errors.ts",
    exported: "errorRegistry",
    loadBuilt: () => import("../../operator/kopf/dist/errors.js"),
  },
  {
    name: "Bootstrap",
    source: "test/bootstrap/errors.mjs",
    exported: "bootstrapErrorRegistry",
    loadBuilt: () => import("./errors.mjs"),
  },
  {
    name: "Labs, demo and benches",
    source: "test/lab/errors.ts",
    exported: "labErrorRegistry",
    loadBuilt: () => import("../dist/lab/errors.js"),
  },
];

/**
 * A registry is a list of entries, or a map from code to the rest of one.
 * @param {Record<string, unknown>} module @param {Registry} registry @returns {CodedError[]}
 */
export function readErrorRegistry(module, { exported, source }) {
  const registry = /** @type {CodedError[] | Record<string, Omit<CodedError, "code">> | undefined} */ (module[exported]);
  if (registry === undefined) throw new TypeError(`${source} exports no ${exported}`);
  if (Array.isArray(registry)) return [...registry];
  return Object.entries(registry).map(([code, entry]) => ({ code, ...entry }));
}
