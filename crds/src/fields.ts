/**
 * The vocabulary of fields: TypeBox schemas that are at once valid structural OpenAPI for the API server, bounded
 * everywhere (CEL's cost estimate rejects unbounded lists and strings) and described (the text is what `kubectl explain` prints).
 */
import { type TSchema, type TUnsafe, Type } from "typebox";
import { forms } from "./forms.js";

interface Described {
  readonly description: string;
}

/** Integer of at most 32 bits. */
export function int32(options: Described & { minimum: number; maximum: number; default?: number }) {
  return Type.Integer({ format: "int32", ...options });
}

/** Integer of at most 53 bits, so that JavaScript holds it exactly. */
export function int64(options: Described & { minimum: number; maximum: number; default?: number }) {
  return Type.Integer({ format: "int64", ...options });
}

/** A string with a length limit and, where its form is fixed, a pattern. */
export function text(options: Described & { maxLength: number; minLength?: number; pattern?: string; default?: string; format?: string }) {
  return Type.String({ ...options });
}

/** One of a closed set that users write. Status strings use `word` instead: an older CRD must not reject a newer state. */
export function oneOf<const T extends readonly string[]>(values: T, options: Described & { default?: T[number] }): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: "string", enum: [...values], ...options });
}

/** A CamelCase word of status: open set, fixed form. */
export function word(description: string) {
  return Type.String({ description, maxLength: 63, pattern: forms.word.pattern });
}

/** An instant, RFC 3339. */
export function instant(description: string) {
  return Type.String({ description, format: "date-time", maxLength: 32 });
}

/** List whose entries are told apart by one field: server-side apply merges by it. */
export function mapList<T extends TSchema>(item: T, key: string, options: Described & { maxItems: number; minItems?: number }) {
  return Type.Array(item, { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key], ...options });
}

/** List that is replaced as a whole. */
export function atomicList<T extends TSchema>(item: T, options: Described & { maxItems: number; minItems?: number }) {
  return Type.Array(item, { "x-kubernetes-list-type": "atomic", ...options });
}

/** List of scalars without order or repetition. */
export function setList<T extends TSchema>(item: T, options: Described & { maxItems: number; minItems?: number }) {
  return Type.Array(item, { "x-kubernetes-list-type": "set", ...options });
}

/** A CEL rule of the API server. `fieldPath` is relative to the object that carries the rule and is what the error names. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired";
  readonly optionalOldSelf?: boolean;
}

/** The key under which structural schemas carry CEL rules. */
export function rules(...list: CelRule[]): { "x-kubernetes-validations": CelRule[] } {
  return { "x-kubernetes-validations": list };
}
