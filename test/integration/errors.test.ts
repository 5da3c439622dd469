/** Every error code that a source names is registered once, and every registered code is used: docs/reference/errors.md tells the truth. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../lab/repository.js";

interface CodedError {
  readonly code: string;
  readonly meaning: string;
  readonly remedy?: string;
}
interface Registry {
  readonly name: string;
  readonly source: string;
}
interface Registries {
  readonly errorRegistries: readonly Registry[];
  readonly readErrorRegistry: (module: Record<string, unknown>, registry: Registry) => CodedError[];
}

const root = repositoryRoot();
const load = async <T>(path: string): Promise<T> => (await import(pathToFileURL(join(root, path)).href)) as T;
const { errorRegistries, readErrorRegistry } = await load<Registries>("test/bootstrap/error-registries.mjs");
const registered = await Promise.all(
  errorRegistries.map(async (registry) => ({
    ...registry,
    errors: readErrorRegistry(await load<Record<string, unknown>>(registry.source), registry),
  })),
);
const entries = registered.flatMap(({ source, errors }) => errors.map((error) => ({ source, ...error })));

const skippedFolders = ["node_modules", "dist", "target", "generated"];

function listSources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skippedFolders.includes(entry.name) || entry.name.startsWith(".") ? [] : listSources(path);
    return /\.(ts|mts|js|mjs|rs|go)$/.test(entry.name) ? [path] : [];
  });
}

const sources = listSources(root).map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") }));
const isTest = (path: string): boolean => /\.(test|bench)\.ts$/.test(path) || path.includes("/testing/");

/** Whole codes; neither `MER_NATIVE_…` in prose nor a prefix that a test asks for is one. */
const codesIn = (text: string): string[] => text.match(/(?<!startsWith\(")\b(?:MER|KOPF)_[A-Z0-9]+(?:_[A-Z0-9]+)*\b/g) ?? [];

/** At the start of a text of the program; neither in a comment nor in the registry's own line, which defines it. */
function usesCode(text: string, code: string): boolean {
  const lines = text.split("\n").filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line) && line.trim() !== `code: "${code}",`);
  return lines.some((line) => new RegExp(`["'\`]${code}\\b`).test(line));
}

describe("error codes", () => {
  it("come from every package", () => {
    expect(registered.map(({ errors }) => errors.length > 0)).toEqual(registered.map(() => true));
    expect(sources.length).toBeGreaterThan(200);
  });

  it("stand in one registry only", () => {
    const codes = entries.map(({ code }) => code);
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it("are registered wherever a source names one", () => {
    const known = new Set(entries.map(({ code }) => code));
    const unknown = sources.flatMap(({ path, text }) => codesIn(text).flatMap((code) => (known.has(code) ? [] : [`${path}: ${code}`])));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it("are used by some source that is no test", () => {
    const product = sources.filter(({ path }) => !isTest(path));
    const unused = entries.filter(({ code }) => !product.some(({ text }) => text.includes(code) && usesCode(text, code)));
    expect(unused.map(({ source, code }) => `${source}: ${code}`)).toEqual([]);
  });

  it.each(entries)("$code says what it means in sentences", ({ meaning, remedy }) => {
    expect(meaning).toMatch(/^\S.*\.$/);
    if (remedy !== undefined) expect(remedy).toMatch(/^\S.*\.$/);
  });

  it("are of one package by their prefix", () => {
    const prefixes = new Map<string, string>();
    for (const { code, source } of entries) {
      const prefix = code.startsWith("KOPF_") ? "KOPF" : code.split("_").slice(0, 2).join("_");
      expect(prefixes.get(prefix) ?? source, `${code} is not of ${source}`).toBe(source);
      prefixes.set(prefix, source);
    }
  });
});
