/**
 * Every field of the API has a consumer: what a user sets is read by the operator, what the operator tells is written by it. Told by
 * syntax trees, so that neither a comment nor a type nor a string counts; by name, so that a namesake may hide one that is missing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { allResources, toStructural, walkFields } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import { parseAst } from "vitest/node";
import { repositoryRoot } from "../lab/repository.js";

interface Names {
  /** `x.name`, `x["name"]`, `{ name } = x`, `({ name }) => …` */
  readonly read: Set<string>;
  /** `{ name: x }`, `{ name }`, `x.name = y` */
  readonly written: Set<string>;
}

type SyntaxNode = Readonly<Record<string, unknown>> & { readonly type: string };

/** The operator's own sources, and the part of its framework that completes conditions. */
const folders = ["operator/src", "operator/kopf/src/conditions"];

function listSources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "testing" ? [] : listSources(path);
    return entry.name.endsWith(".ts") && !/\.(test|bench)\.ts$/.test(entry.name) ? [path] : [];
  });
}

const isNode = (value: unknown): value is SyntaxNode => typeof value === "object" && value !== null && "type" in value;

/** What a property is called where the source says it: an identifier or a string. */
function nameOf(key: unknown, computed: unknown): string | null {
  if (!isNode(key)) return null;
  if (key.type === "Identifier" && computed !== true) return String(key["name"]);
  return key.type === "Literal" && typeof key["value"] === "string" ? key["value"] : null;
}

function collectNames(node: SyntaxNode, names: Names): void {
  switch (node.type) {
    case "MemberExpression":
      addName(names.read, nameOf(node["property"], node["computed"]));
      break;
    case "ObjectPattern":
      for (const property of node["properties"] as SyntaxNode[]) addName(names.read, nameOf(property["key"], property["computed"]));
      break;
    case "ObjectExpression":
      for (const property of node["properties"] as SyntaxNode[]) addName(names.written, nameOf(property["key"], property["computed"]));
      break;
    case "AssignmentExpression":
      if (isNode(node["left"]) && node["left"].type === "MemberExpression")
        addName(names.written, nameOf(node["left"]["property"], node["left"]["computed"]));
      break;
    default:
      // Types say what could be, not what is done.
      if (node.type.startsWith("TS") && /Type|Interface|Signature/.test(node.type)) return;
  }
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) for (const item of child) if (isNode(item)) collectNames(item, names);
    if (isNode(child)) collectNames(child, names);
  }
}

function addName(set: Set<string>, name: string | null): void {
  if (name !== null) set.add(name);
}

function namesIn(text: string): Names {
  const names: Names = { read: new Set(), written: new Set() };
  collectNames(parseAst(text, { lang: "ts" }) as unknown as SyntaxNode, names);
  return names;
}

/** Read means anywhere; written as well, because a status is built of parts whose keys are its fields. */
const inOperator: Names = { read: new Set(), written: new Set() };
for (const path of folders.flatMap((folder) => listSources(join(repositoryRoot(), folder)))) {
  const { read, written } = namesIn(readFileSync(path, "utf8"));
  for (const name of read) inOperator.read.add(name);
  for (const name of written) inOperator.written.add(name);
}

describe("the reader of sources", () => {
  it.each<[string, string[], string[]]>([
    ["a.b?.c; a['d']", ["b", "c", "d"], []],
    ["const { e, f: g } = a; const h = ({ i }: J) => i;", ["e", "f", "i"], []],
    ["const k = { l: 1, m, 'n': 2, ...o };", [], ["l", "m", "n"]],
    ["a.p = 1;", ["p"], ["p"]],
    ["// a.q\n/* { r: 1 } */ const s = 'a.t';", [], []],
    ["interface U { v: string } type W = { x: number }; let y: W['x']; const z = b as { zz: number };", [], []],
    ["const aa = b satisfies C<{ d: 1 }> ? { bb: 1 } : null; const cc = f<{ e: 1 }>(x.dd);", ["dd"], ["bb"]],
    ["import { ee } from 'f'; export { gg } from 'h';", [], []],
  ])("finds in `%s` what is read and what is written", (text, read, written) => {
    const names = namesIn(text);
    expect([...names.read].sort()).toEqual([...read].sort());
    expect([...names.written].sort()).toEqual([...written].sort());
  });
});

describe.each(allResources.map((definition) => [definition.kind, definition] as const))("%s", (kind, { spec, status }) => {
  const missing = (root: "spec" | "status", schema: typeof spec, names: ReadonlySet<string>): string[] => {
    const paths: string[] = [];
    walkFields(toStructural(schema), root, (path, name, field) => {
      const isLeaf = !field.properties && !field.items?.properties;
      if (isLeaf && !names.has(name)) paths.push(path);
    });
    return paths;
  };

  it("has no field in spec that the operator does not read", () => {
    // A NodeClock's spec is the operator's own word: roleReason is for people.
    expect(missing("spec", spec, kind === "NodeClock" ? inOperator.written : inOperator.read)).toEqual([]);
  });

  it("has no field in status that the operator does not write", () => {
    expect(missing("status", status, inOperator.written)).toEqual([]);
  });
});
