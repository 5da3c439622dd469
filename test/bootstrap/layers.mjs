// The dependency rule of docs/adr/0001: who may import whom. Imports are read as text, so that type-only ones count as well.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./paths.mjs";

/** Our packages by name. `native` is one of them so that its users can be counted. */
const ours = [
  "@meridian/crds",
  "@meridian/proto",
  "@meridian/operator",
  "@meridian/engine",
  "@meridian/native",
  "@meridian/node-agent",
  "@meridian/test",
  "kopf-ts",
];

/**
 * Folder → what its files may import of ours, besides themselves, and whether Node's own modules are allowed.
 * The most specific folder decides.
 * @type {{ folder: string, may: string[], node: boolean, npm?: string[] }[]}
 */
const rules = [
  { folder: "crds", may: [], node: true },
  { folder: "proto", may: [], node: true },
  { folder: "operator/kopf", may: [], node: true },
  { folder: "operator/src/plan", may: ["@meridian/crds"], node: false, npm: [] },
  { folder: "operator", may: ["@meridian/crds", "@meridian/proto", "kopf-ts"], node: true },
  { folder: "node-agent/engine", may: [], node: false, npm: [] },
  { folder: "node-agent/native", may: [], node: true },
  { folder: "node-agent", may: ["@meridian/engine", "@meridian/native", "@meridian/proto"], node: true },
  { folder: "test", may: ours, node: true },
];
/** Never in the agent: it has no rights in the cluster. */
const forbiddenInAgent = "@kubernetes/client-node";
const testOnly = ["vitest", "fast-check"];

/** @param {string} folder @returns {string[]} */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", "target", "generated"].includes(entry.name) ? [] : sources(path);
    return /\.(ts|mts)$/.test(entry.name) ? [path] : [];
  });
}

/** @param {string} text @returns {string[]} */
function importsOf(text) {
  return [
    ...text.matchAll(/(?:^|\n)\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?["']([^"']+)["']/g),
    ...text.matchAll(/\bimport\(\s*["']([^"']+)["']/g),
  ].map((match) => match[1] ?? "");
}

/** @param {string} file @param {string} text @returns {string[]} complaints */
function complaintsOf(file, text) {
  const path = relative(root, file);
  const rule = rules.filter(({ folder }) => path.startsWith(`${folder}/`)).sort((a, b) => b.folder.length - a.folder.length)[0];
  if (!rule) return [];
  const isTest = /\.(test|bench)\.ts$/.test(path) || path.includes("/testing/");
  return importsOf(text).flatMap((specifier) => {
    if (specifier.startsWith(".")) return leavesFolder(path, specifier, rule.folder);
    const name = specifier
      .split("/")
      .slice(0, specifier.startsWith("@") ? 2 : 1)
      .join("/");
    if (isTest && testOnly.includes(name)) return [];
    if (ours.includes(name)) return rule.may.includes(name) ? [] : [`${path}: may not import ${name}`];
    if (specifier.startsWith("node:")) return rule.node || isTest ? [] : [`${path}: no Node API here (${specifier})`];
    if (path.startsWith("node-agent/") && name === forbiddenInAgent) return [`${path}: may not import ${name}`];
    return rule.npm && !rule.npm.includes(name) ? [`${path}: no dependency here (${name})`] : [];
  });
}

/** A relative import must stay inside the rule's folder. @param {string} path @param {string} specifier @param {string} folder */
function leavesFolder(path, specifier, folder) {
  const target = relative(root, join(root, path, "..", specifier));
  return target.startsWith(`${folder}/`) ? [] : [`${path}: ${specifier} leaves ${folder}`];
}

const complaints = ["crds", "proto", "operator", "node-agent", "test"].flatMap((folder) =>
  sources(join(root, folder)).flatMap((file) => complaintsOf(file, readFileSync(file, "utf8"))),
);
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
