import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type FieldError, validateObject } from "./validate.js";

const samples = new URL("../samples/", import.meta.url);

/** Every object of every file below `folder`, and what the file's first line says. */
function readSamples(folder: "valid" | "invalid"): { readonly file: string; readonly error: string; readonly objects: unknown[] }[] {
  const directory = new URL(`${folder}/`, samples);
  return readdirSync(directory).map((file) => {
    const text = readFileSync(new URL(file, directory), "utf8");
    const error = /^# error: (.+)$/m.exec(text)?.[1] ?? "";
    return { file, error, objects: parseAllDocuments(text).map((document) => document.toJS() as unknown) };
  });
}

/** What only the API server checks: CEL rules, uniqueness in lists, the object's own name. */
const forTheApiServerOnly = (error: string): boolean =>
  /: Duplicate value/.test(error) ||
  error.startsWith("metadata.name") ||
  (/: (Invalid|Required) value: /.test(error) && !/ in body /.test(error));

describe("validateObject", () => {
  const valid = readSamples("valid");
  const invalid = readSamples("invalid");

  it("has samples", () => {
    expect(valid.length).toBeGreaterThanOrEqual(5);
    expect(invalid.length).toBeGreaterThanOrEqual(20);
  });

  it.each(valid)("accepts $file", ({ objects }) => {
    for (const object of objects) expect(validateObject(object)).toEqual([]);
  });

  it.each(invalid.filter(({ error }) => !forTheApiServerOnly(error)))("refuses $file and names the field", ({ error, objects }) => {
    const field = /"(spec\.[^"]+)"$/.exec(error)?.[1] ?? /^spec[^: ]*/.exec(error)?.[0];
    expect(objects.flatMap(validateObject).map((found) => found.field)).toContain(field);
  });

  it.each(invalid.filter(({ error }) => forTheApiServerOnly(error)))("leaves $file to the API server", ({ objects }) => {
    expect(objects.flatMap(validateObject)).toEqual([]);
  });

  const object = { apiVersion: "time.meridian.io/v1alpha1", kind: "Grandmaster", metadata: { name: "gm" } };
  it.each<[string, unknown, FieldError[]]>([
    ["nothing", null, [{ field: "", message: "not an object" }]],
    ["text", "Grandmaster", [{ field: "", message: "not an object" }]],
    ["another group", { ...object, apiVersion: "v1" }, [{ field: "apiVersion", message: "must be time.meridian.io/v1alpha1" }]],
    [
      "another kind",
      { ...object, kind: "Pod" },
      [{ field: "kind", message: "must be one of TimeDomain, Grandmaster, ClockProfile, NodeClock" }],
    ],
    ["no spec", object, [{ field: "spec", message: "must be object" }]],
    [
      "null in a list",
      { ...object, spec: { type: "Node", externalPTP: { domainNumber: 0, addresses: [null] } } },
      [{ field: "spec.externalPTP.addresses[0]", message: "must be string" }],
    ],
    [
      "a field that every object inherits",
      { ...object, spec: { type: "Node", toString: 1 } },
      [{ field: "spec.toString", message: "unknown field" }],
    ],
  ])("names what is wrong with %s", (_name, input, errors) => {
    expect(validateObject(input)).toEqual(errors);
  });
});
