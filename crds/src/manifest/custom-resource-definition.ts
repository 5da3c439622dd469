/** The CustomResourceDefinition of a kind: apiextensions.k8s.io/v1, cluster-scoped, status subresource, category meridian. */
import { group, type ResourceDefinition, version } from "../resource.js";
import { type StructuralSchema, toStructural } from "./structural.js";

/** Raised with every change of a schema; the operator stays unready when the cluster's CRDs carry a lower one. */
export const schemaRevision = 3;
export const schemaRevisionAnnotation = `${group}/schema-revision`;

export function customResourceDefinition(definition: ResourceDefinition<unknown, unknown>) {
  const { kind, plural, singular, shortNames, description, columns, selectableFields } = definition;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      annotations: { [schemaRevisionAnnotation]: String(schemaRevision) },
      labels: { "app.kubernetes.io/name": "meridian", "app.kubernetes.io/part-of": "meridian" },
    },
    spec: {
      group,
      scope: "Cluster",
      names: { kind, plural, singular, listKind: `${kind}List`, shortNames: [...shortNames], categories: ["meridian"] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns.map((column) => ({ ...column })),
          ...(selectableFields ? { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) } : {}),
          schema: { openAPIV3Schema: objectSchema(description, definition) },
        },
      ],
    },
  };
}

function objectSchema(description: string, { spec, status, maxNameLength }: ResourceDefinition<unknown, unknown>): StructuralSchema {
  return {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: "Version of the schema." },
      kind: { type: "string", description: "Kind of the object." },
      metadata: {
        type: "object",
        ...(maxNameLength === undefined ? {} : { properties: { name: { type: "string", maxLength: maxNameLength } } }),
      },
      spec: toStructural(spec),
      status: toStructural(status),
    },
  };
}
