/**
 * Whether TimeDomains were deleted by somebody, or went with their definition. Whoever deletes a CRD makes the API server delete
 * every object of it first, in one ordinary deletion after the other; that is an outage of the API and nobody's wish about clocks.
 * Agents keep their orders until domains are back.
 *
 * What is remembered is the uid of the definition under which there were domains. It outlives this process in the Lease, so that
 * the next leader knows it, too.
 */
import { group, timeDomain } from "@meridian/crds";
import { codeOf, isNotFound, type KubeClient, type Log } from "kopf-ts";
import { messageOf } from "../errors.js";
import { CustomResourceDefinitions } from "../kinds.js";

/** After a definition was replaced, domains come back one after the other; a node whose domain is not the first must not be released. */
const settleMs = 30_000;

export interface DomainDefinitionOptions {
  readonly client: KubeClient;
  /** TimeDomains in the cache. */
  readonly domains: () => number;
  /** What the last leader remembered; empty: nothing. */
  readonly inherited: () => string;
  readonly log: Log;
  /** Monotonic ms. */
  readonly now: () => number;
}

export class DomainDefinition {
  readonly #options: DomainDefinitionOptions;
  #known: string | null = null;
  #replacedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<string | null> | null = null;
  #trouble = false;

  constructor(options: DomainDefinitionOptions) {
    this.#options = options;
  }

  /** uid, for the Lease; empty: no domain was ever seen. */
  get known(): string {
    return this.#known ?? this.#options.inherited();
  }

  /** The term is over: what the next leader writes into the Lease counts. */
  forget(): void {
    this.#known = null;
  }

  /** To be called when domains come to where there were none, and at the beginning of a term. Never throws. */
  async follow(): Promise<void> {
    const { domains, log } = this.#options;
    if (domains() === 0) return;
    try {
      const uid = await this.#read();
      if (uid !== null) this.#remember(uid);
    } catch (error) {
      // The plan is as good without it; only a definition that is deleted meanwhile would be taken for a wish.
      log.warn({ code: codeOf(error), reason: messageOf(error) }, "cannot read the TimeDomains' definition");
    }
  }

  /** True when a domain that is missing was deleted by somebody. @throws ApiError, KopfError */
  async isTrusted(): Promise<boolean> {
    const { domains, now } = this.#options;
    const uid = await this.#read();
    if (uid !== null && domains() > 0) this.#remember(uid);
    const trusted = uid !== null && (this.known === "" || this.known === uid) && now() - this.#replacedAt >= settleMs;
    this.#tell(trusted);
    return trusted;
  }

  #remember(uid: string): void {
    const before = this.known;
    if (before !== "" && before !== uid) this.#replacedAt = this.#options.now();
    this.#known = uid;
  }

  /** One line per change, however many nodes ask. */
  #tell(trusted: boolean): void {
    if (this.#trouble === !trusted) return;
    this.#trouble = !trusted;
    if (trusted) this.#options.log.info({}, "TimeDomains are back: nodes that none of them claims are released");
    else this.#options.log.warn({}, "TimeDomains went with their definition: agents keep their orders");
  }

  /** Null: there is none, or not for long. Callers at the same time share one request. */
  #read(): Promise<string | null> {
    this.#reading ??= readUid(this.#options.client).finally(() => {
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
