/**
 * The schema part of validation without an API server: for tools that read manifests. The API server's answer counts; CEL
 * rules and the uniqueness of list entries are checked only there.
 */
import { Compile } from "typebox/compile";
import { allResources } from "./kinds.js";
import { type StructuralSchema, toStructural } from "./manifest/structural.js";
import { group, version } from "./resource.js";

export interface FieldError {
  /** Dotted path, as the API server writes it: spec.objective.maxErrorNanoseconds. */
  readonly field: string;
  readonly message: string;
}

/** @returns no entries when `object` is a valid object of one of our kinds as far as its schema goes. */
export function validateObject(object: unknown): FieldError[] {
  if (typeof object !== "object" || object === null) return [{ field: "", message: "not an object" }];
  const { apiVersion, kind, spec } = object as { apiVersion?: unknown; kind?: unknown; spec?: unknown };
  if (apiVersion !== `${group}/${version}`) return [{ field: "apiVersion", message: `must be ${group}/${version}` }];
  const definition = allResources.find((candidate) => candidate.kind === kind);
  if (!definition) return [{ field: "kind", message: `must be one of ${allResources.map((candidate) => candidate.kind).join(", ")}` }];
  const validator = Compile(definition.spec);
  const wrong = validator.Check(spec)
    ? []
    : [...validator.Errors(spec)].flatMap((error) => {
        const field = `spec${error.instancePath.replaceAll(/\/(\d+)/g, "[$1]").replaceAll("/", ".")}`;
        // A missing field is told by its own path, not by its parent's.
        if (error.keyword !== "required") return [{ field, message: error.message }];
        return error.params.requiredProperties.map((name) => ({ field: `${field}.${name}`, message: "is required" }));
      });
  return [...wrong, ...unknownFields(spec, toStructural(definition.spec), "spec")];
}

/** What the API server's strict validation refuses and TypeBox lets pass. */
function unknownFields(value: unknown, schema: StructuralSchema, path: string): FieldError[] {
  if (typeof value !== "object" || value === null) return [];
  const { items, properties } = schema;
  if (Array.isArray(value)) return items ? value.flatMap((item, index) => unknownFields(item, items, `${path}[${index}]`)) : [];
  if (!properties) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return known ? unknownFields(field, known, `${path}.${name}`) : [{ field: `${path}.${name}`, message: "unknown field" }];
  });
}
