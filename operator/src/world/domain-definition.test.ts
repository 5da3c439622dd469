import { group, timeDomain } from "@meridian/crds";
import { type KubeClient, typeId } from "kopf-ts";
import { describe, expect, it } from "vitest";
import { CustomResourceDefinitions } from "../kinds.js";
import { MemoryClient } from "../testing/memory-client.js";
import { DomainDefinition } from "./domain-definition.js";

function aCluster() {
  const memory = new MemoryClient();
  const id = `${typeId(CustomResourceDefinitions)}/${timeDomain.plural}.${group}`;
  const define = (uid: string, deletionTimestamp?: string): void => {
    const metadata = { name: `${timeDomain.plural}.${group}`, uid, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) };
    memory.objects.set(id, { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata });
  };
  define("first");
  return { client: memory.client, define, remove: () => memory.objects.delete(id) };
}

async function remembered(client: KubeClient): Promise<DomainDefinition> {
  const definition = new DomainDefinition();
  await definition.remember(client);
  return definition;
}

describe("a domain that is missing", () => {
  it("was deleted by somebody while its definition stands", async () => {
    const { client } = aCluster();
    expect(await (await remembered(client)).isTrusted(client, 0)).toBe(true);
  });

  it("went with its definition while that is being deleted, is gone, or is back without any domain", async () => {
    const { client, define, remove } = aCluster();
    const definition = await remembered(client);
    define("first", "2026-01-01T00:00:00Z");
    expect(await definition.isTrusted(client, 1)).toBe(false);
    remove();
    expect(await definition.isTrusted(client, 0)).toBe(false);
    define("second");
    expect(await definition.isTrusted(client, 0)).toBe(false);
  });

  it("is believed again once there are domains under the new definition", async () => {
    const { client, define } = aCluster();
    const definition = await remembered(client);
    define("second");
    expect(await definition.isTrusted(client, 1)).toBe(true);
    expect(await definition.isTrusted(client, 0)).toBe(true);
  });

  it("is believed by an operator that never saw one", async () => {
    const { client } = aCluster();
    expect(await new DomainDefinition().isTrusted(client, 0)).toBe(true);
  });
});
