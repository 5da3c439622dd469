/**
 * The schema part of validation without an API server: for tools that read manifests. The API server's answer counts; CEL
 * rules run only there.
 */
import { Compile } from "typebox/compile";
import { allResources } from "./kinds.js";
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
  if (validator.Check(spec)) return [];
  return [...validator.Errors(spec)].map((error) => ({
    field: `spec${error.instancePath.replaceAll(/\/(\d+)/g, "[$1]").replaceAll("/", ".")}`,
    message: error.message,
  }));
}
