/**
 * From TypeBox to the structural schema that the API server accepts: the same JSON, without what only TypeBox uses, with
 * `additionalProperties` only for maps. Kept pure, so that a test can look at every field of every kind.
 */
import type { TSchema } from "typebox";
import type { CelRule } from "../fields.js";

export interface StructuralSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly [keyword: string]: unknown;
}

const copied = [
  "type",
  "format",
  "description",
  "enum",
  "default",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "maxProperties",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
];

/** @throws TypeError for a schema that a CRD cannot express. */
export function toStructural(schema: TSchema): StructuralSchema {
  const source = schema as TSchema & Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const keyword of copied) if (source[keyword] !== undefined) out[keyword] = source[keyword];
  if (source["type"] === "object") {
    const values = source["patternProperties"] as Record<string, TSchema> | undefined;
    const properties = source["properties"] as Record<string, TSchema> | undefined;
    if (values) out["additionalProperties"] = toStructural(Object.values(values)[0] as TSchema);
    else if (properties) {
      out["properties"] = Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, toStructural(value)]));
      const required = source["required"] as string[] | undefined;
      if (required?.length) out["required"] = [...required];
    }
  } else if (source["type"] === "array") out["items"] = toStructural(source["items"] as TSchema);
  else if (out["type"] === undefined) throw new TypeError(`not expressible in a CRD: ${JSON.stringify(schema)}`);
  return out;
}

/** Calls `visit` for every field below `schema`, with its dotted path (`[]` for list items). */
export function walkFields(
  schema: StructuralSchema,
  path: string,
  visit: (path: string, name: string, field: StructuralSchema) => void,
): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    visit(`${path}.${name}`, name, field);
    walkFields(field, `${path}.${name}`, visit);
  }
  if (schema.items) walkFields(schema.items, `${path}[]`, visit);
  if (schema.additionalProperties) walkFields(schema.additionalProperties, `${path}{}`, visit);
}

/** Calls `visit` for every CEL rule in and below `schema`, with the path that its error names. */
export function walkRules(schema: StructuralSchema, path: string, visit: (path: string, rule: CelRule) => void): void {
  const own = (schema["x-kubernetes-validations"] ?? []) as readonly CelRule[];
  for (const rule of own) visit(`${path}${rule.fieldPath ?? ""}`, rule);
  for (const [name, field] of Object.entries(schema.properties ?? {})) walkRules(field, `${path}.${name}`, visit);
  if (schema.items) walkRules(schema.items, `${path}[]`, visit);
}
