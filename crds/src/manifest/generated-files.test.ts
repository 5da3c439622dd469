import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { allResources } from "../kinds.js";
import { group } from "../resource.js";
import { customResourceDefinition } from "./custom-resource-definition.js";
import { generatedFiles } from "./generated-files.js";
import { type StructuralSchema, walkFields, walkRules } from "./structural.js";

interface Crd {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly versions: readonly [
      {
        readonly schema: { readonly openAPIV3Schema: StructuralSchema };
        readonly additionalPrinterColumns: readonly { readonly jsonPath: string }[];
        readonly selectableFields?: readonly { readonly jsonPath: string }[];
      },
    ];
  };
}

/** As they stand in the files, not as they stand in memory. */
const crds = generatedFiles()
  .filter(({ path }) => path.startsWith("crds/manifests/"))
  .map(({ text }) => parse(text) as Crd);

function fieldsOf(crd: Crd): { readonly path: string; readonly name: string; readonly field: StructuralSchema }[] {
  const fields: { path: string; name: string; field: StructuralSchema }[] = [];
  const { spec, status } = crd.spec.versions[0].schema.openAPIV3Schema.properties ?? {};
  for (const [root, schema] of [
    ["spec", spec],
    ["status", status],
  ] as const) {
    if (!schema) throw new Error(`${crd.metadata.name} has no ${root}`);
    fields.push({ path: root, name: root, field: schema });
    walkFields(schema, root, (path, name, field) => {
      fields.push({ path, name, field });
      if (field.items) fields.push({ path: `${path}[]`, name, field: field.items });
      if (field.additionalProperties) fields.push({ path: `${path}{}`, name, field: field.additionalProperties });
    });
  }
  return fields;
}

describe.each(crds.map((crd) => [crd.metadata.name, crd] as const))("manifest of %s", (_name, crd) => {
  const fields = fieldsOf(crd);
  const complaints = (wrong: (field: StructuralSchema, name: string) => boolean) =>
    fields.filter(({ field, name }) => wrong(field, name)).map(({ path }) => path);

  it("has fields", () => {
    expect(fields.length).toBeGreaterThan(15);
  });

  it("describes every field in a sentence", () => {
    expect(complaints(({ description }) => !/^\S.*\.$/.test(description ?? ""))).toEqual([]);
  });

  it("gives every string a length, a closed set or both", () => {
    expect(complaints((field) => field.type === "string" && field["enum"] === undefined && field["maxLength"] === undefined)).toEqual([]);
  });

  it("gives every list a largest length and a merge strategy", () => {
    const lists = (field: StructuralSchema) =>
      field.type === "array" && (field["maxItems"] === undefined || field["x-kubernetes-list-type"] === undefined);
    expect(complaints(lists)).toEqual([]);
  });

  it("gives every map a largest size", () => {
    expect(complaints((field) => field.additionalProperties !== undefined && field["maxProperties"] === undefined)).toEqual([]);
  });

  it("holds integers with both limits, of a declared width that contains them", () => {
    const outside = (field: StructuralSchema) => {
      if (field.type !== "integer") return false;
      const { minimum, maximum, format } = field as { minimum?: number; maximum?: number; format?: string };
      if (minimum === undefined || maximum === undefined || minimum > maximum) return true;
      if (format === "int32") return minimum < -(2 ** 31) || maximum > 2 ** 31 - 1;
      return format !== "int64" || !Number.isSafeInteger(minimum) || !Number.isSafeInteger(maximum);
    };
    expect(complaints(outside)).toEqual([]);
  });

  it("holds no float and nothing without a type", () => {
    expect(complaints(({ type }) => !["object", "array", "string", "integer", "boolean"].includes(type ?? ""))).toEqual([]);
  });

  it("names the unit of every span of time and every frequency", () => {
    const unitless = (_field: StructuralSchema, name: string) =>
      /(error|bound|delay|offset|interval|threshold|uncertainty|slew|drift)$/i.test(name) && !/^log2.*Interval$/.test(name);
    expect(complaints((field, name) => field.type === "integer" && unitless(field, name))).toEqual([]);
  });

  it("has defaults that its own limits allow", () => {
    const refused = (field: StructuralSchema, _name?: string, value: unknown = field["default"]): boolean => {
      if (value === undefined) return false;
      const { minimum, maximum, enum: words, pattern } = field as { minimum?: number; maximum?: number; enum?: string[]; pattern?: string };
      if (typeof value === "number") return value < (minimum ?? value) || value > (maximum ?? value);
      if (typeof value === "string") return words?.includes(value) === false || (pattern !== undefined && !new RegExp(pattern).test(value));
      if (typeof value !== "object" || value === null) return typeof value !== field.type;
      return Object.entries(value).some(([name, part]) => {
        const own = field.properties?.[name];
        return own === undefined || refused(own, name, part);
      });
    };
    expect(complaints(refused)).toEqual([]);
  });

  it("has patterns that RE2 reads as JavaScript does", () => {
    expect(complaints(({ pattern }) => typeof pattern === "string" && !/^\^.*\$$/.test(pattern))).toEqual([]);
    expect(complaints(({ pattern }) => typeof pattern === "string" && /\(\?|\\[bBdDsSwW1-9]/.test(pattern))).toEqual([]);
  });

  it("never closes the set of a state or reason in status", () => {
    const closed = fields.filter(({ path, field }) => path.startsWith("status") && field["enum"] !== undefined).map(({ path }) => path);
    expect(closed).toEqual(["status.conditions[].status"]); // fixed by the conventions of Kubernetes
  });

  it("shows and selects only fields that exist", () => {
    const { additionalPrinterColumns, selectableFields = [] } = crd.spec.versions[0];
    const known = new Set(fields.map(({ path }) => path));
    const paths = [...additionalPrinterColumns, ...selectableFields].map(({ jsonPath }) => jsonPath.slice(1).replace(/\[\?.*?\]/, "[]"));
    expect(paths.filter((path) => !path.startsWith("metadata.") && !known.has(path))).toEqual([]);
  });

  it("names an existing field in every rule's error", () => {
    const known = new Set(fields.map(({ path }) => path));
    const unknown: string[] = [];
    walkRules(crd.spec.versions[0].schema.openAPIV3Schema, "", (path) => {
      if (!known.has(path.slice(1))) unknown.push(path);
    });
    expect(unknown).toEqual([]);
  });
});

describe("the generated files", () => {
  it("are one manifest per kind and the reference", () => {
    const manifests = allResources.map(({ plural }) => `crds/manifests/${group}_${plural}.yaml`);
    expect(generatedFiles().map(({ path }) => path)).toEqual([...manifests, "docs/reference/api.md"]);
  });

  it("lose nothing on the way through YAML", () => {
    expect(crds).toEqual(allResources.map((definition) => customResourceDefinition(definition)));
  });

  it("tell every field of every kind in the reference, those of shared types once", () => {
    const reference = generatedFiles().at(-1)?.text ?? "";
    const shared = /\.(conditions\[\]|nodeSelector|grandmasterRef|profileRef|domainRef)[.{[]/;
    for (const crd of crds) {
      for (const { path, field } of fieldsOf(crd)) {
        if (/[\]}]$/.test(path) || !path.includes(".") || shared.test(path)) continue;
        expect(reference).toContain(`| \`${path}\``);
        expect(reference).toContain((field.description ?? "").replaceAll("|", "\\|"));
      }
    }
    for (const name of ["matchLabels", "matchExpressions[].operator", "lastTransitionTime"]) expect(reference).toContain(`| \`${name}\``);
  });

  it("link only to headings that exist", () => {
    const reference = generatedFiles().at(-1)?.text ?? "";
    const headings = [...reference.matchAll(/^#+ (.*)$/gm)].map((match) => `#${(match[1] ?? "").toLowerCase().replaceAll(" ", "-")}`);
    const links = [...reference.matchAll(/\]\((#[^)]*)\)/g)].map((match) => match[1] ?? "");
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !headings.includes(link))).toEqual([]);
  });
});
