/**
 * Whether TimeDomains were deleted by somebody, or went with their definition. Whoever deletes a CRD makes the API server delete
 * every object of it first, in one ordinary deletion after the other; that is an outage of the API and nobody's wish about clocks.
 * Agents keep their orders until domains are back.
 */
import { group, timeDomain } from "@meridian/crds";
import { isNotFound, type KubeClient } from "kopf-ts";
import { CustomResourceDefinitions } from "../kinds.js";

export class DomainDefinition {
  /** uid of the definition under which domains were last seen; null: they never were. */
  #known: string | null = null;
  #reading: Promise<string | null> | null = null;

  get isKnown(): boolean {
    return this.#known !== null;
  }

  /** To be called while there are domains. @throws ApiError, KopfError */
  async remember(client: KubeClient): Promise<void> {
    this.#known = (await this.#read(client)) ?? this.#known;
  }

  /**
   * True when a domain that is missing was deleted by somebody. @param domains how many there are in the cache
   * @throws ApiError, KopfError
   */
  async isTrusted(client: KubeClient, domains: number): Promise<boolean> {
    const uid = await this.#read(client);
    if (uid === null) return false;
    if (domains > 0) this.#known = uid;
    return this.#known === null || this.#known === uid;
  }

  /** Null: there is none, or not for long. Callers at the same time share one request. */
  #read(client: KubeClient): Promise<string | null> {
    this.#reading ??= readUid(client).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }
}

async function readUid(client: KubeClient): Promise<string | null> {
  try {
    const { metadata } = await client.get(CustomResourceDefinitions, { name: `${timeDomain.plural}.${group}` });
    return metadata.deletionTimestamp === undefined ? (metadata.uid ?? "") : null;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
