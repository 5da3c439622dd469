/** What a kind is, apart from its fields: names, columns, selectable fields. One definition feeds types, CRD, validator and docs. */
import type { TSchema } from "typebox";

export const group = "time.meridian.io";
export const version = "v1alpha1";

interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly jsonPath: string;
  /** 1: only with -o wide. */
  readonly priority?: 1;
  readonly description?: string;
}

export interface ResourceDefinition<Spec, Status> {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Longest metadata.name; absent: what Kubernetes allows. */
  readonly maxNameLength?: number;
  readonly description: string;
  readonly spec: TSchema;
  readonly status: TSchema;
  readonly columns: readonly PrinterColumn[];
  readonly selectableFields?: readonly string[];
  /** Types only; never set. */
  readonly example?: { readonly spec: Spec; readonly status: Status };
}

export function defineResource<Spec, Status>(definition: ResourceDefinition<Spec, Status>): ResourceDefinition<Spec, Status> {
  return definition;
}

/** An object of ours as the API server gives it. */
export interface Resource<Spec, Status> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: Spec;
  readonly status?: Status;
}
