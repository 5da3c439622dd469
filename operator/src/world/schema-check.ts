/**
 * The CRDs in the cluster against those that this operator was built with: an older schema prunes fields that we write and rely
 * on, silently. Until they are as new as ours the operator is unready and says why.
 */
import { allResources, group, schemaRevision, schemaRevisionAnnotation } from "@meridian/crds";
import { type CheckResult, isNotFound, type KubeClient } from "kopf-ts";
import { messageOf } from "../errors.js";
import { CustomResourceDefinitions } from "../kinds.js";

/** A good answer is not asked for again: nobody downgrades CRDs under a running operator by accident. */
export function createSchemaCheck(client: KubeClient): () => Promise<CheckResult> {
  let good: CheckResult | null = null;
  return async () => {
    if (good) return good;
    const problems = (await Promise.all(allResources.map(({ plural }) => problemOf(client, `${plural}.${group}`)))).filter(
      (problem) => problem !== null,
    );
    if (problems.length > 0) return { healthy: false, detail: `MER_OPERATOR_SCHEMA_OLD: ${problems.join("; ")}` };
    good = { healthy: true, detail: `revision ${schemaRevision}` };
    return good;
  };
}

async function problemOf(client: KubeClient, name: string): Promise<string | null> {
  try {
    const { metadata } = await client.get(CustomResourceDefinitions, { name });
    const revision = Number(metadata.annotations?.[schemaRevisionAnnotation] ?? 0);
    return revision >= schemaRevision ? null : `${name} has schema revision ${revision}, ${schemaRevision} is needed`;
  } catch (error) {
    return isNotFound(error) ? `${name} is not installed` : `${name}: ${messageOf(error)}`;
  }
}
