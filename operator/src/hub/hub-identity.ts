/**
 * Where the hub's keys live: a Secret that only the operator reads, and a ConfigMap with the authorities for the agents. What
 * stands there and is good is kept, so that a restart of the operator is no news to anybody. Every replica serves with the same
 * key; the leader alone replaces it and publishes what agents trust.
 */
import { ApiError, isNotFound, type KubeClient, type Log, TemporaryError } from "kopf-ts";
import { ConfigMaps, type Secret, Secrets } from "../kinds.js";
import { type HubCertificates, makeHubCertificates } from "./certificates.js";
import { authoritiesOf, type HubKeys, hubSecretName, type ReadSecret, readHubSecret, stageOf, writeHubSecret } from "./hub-secret.js";
import { nextRotationStep, type RotationPolicy, type RotationStage } from "./key-rotation.js";

const authorityName = "meridian-hub-ca";
const labels = { "app.kubernetes.io/name": "meridian", "app.kubernetes.io/component": "hub" };

export interface HubIdentityOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly policy: RotationPolicy;
  readonly log: Log;
  readonly date: () => Date;
  /** Monotonic ms. */
  readonly now: () => number;
}

/** Throws what the API server answered, everywhere; whoever calls tries again. */
export class HubIdentity {
  readonly #options: HubIdentityOptions;
  #serving: HubCertificates | null = null;
  /** The stage of a rotation that this process saw last, and when first, monotonic ms. */
  #stage: { readonly stage: RotationStage; readonly since: number } | null = null;

  constructor(options: HubIdentityOptions) {
    this.#options = options;
  }

  /** The keys to serve with now, made if there are none. @param leading whether this replica may replace what stands there */
  async ensure(leading: boolean): Promise<HubCertificates> {
    const { log } = this.#options;
    const secret = await this.#read();
    // Deleted while we serve: the leader replaces the key at once, which is what a deletion asks for; nobody else does.
    if (secret === null) return !leading && this.#serving !== null ? this.#serving : this.#use((await this.#create(null)).keys, leading);
    const read = readHubSecret(secret);
    if (read.problem === null) return leading ? this.#lead(secret, read) : this.#use(read.keys, false);
    log.warn({ code: "MER_HUB_CERTIFICATE", secret: hubSecretName, problem: read.problem }, "the hub's certificates cannot be used");
    // Those that are served with stay until there are better ones: cert-manager may be about to write them.
    if (read.foreign || (!leading && this.#serving !== null)) {
      if (this.#serving !== null) return this.#serving;
      throw new TemporaryError(`${hubSecretName} belongs to cert-manager and cannot be used: ${read.problem}`);
    }
    // This very Secret: another operator may have put a good one in its place by now.
    await this.#options.client.delete(Secrets, this.#secretRef, { preconditions: { uid: secret.metadata.uid ?? "" } });
    // What was served until now is good, and agents trust it: broken by somebody's edit, it is written back.
    return this.#use((await this.#create(this.#serving)).keys, leading);
  }

  get #secretRef() {
    return { name: hubSecretName, namespace: this.#options.namespace };
  }

  #read(): Promise<Secret | null> {
    return orNull(this.#options.client.get(Secrets, this.#secretRef));
  }

  async #use(keys: HubKeys, leading: boolean): Promise<HubCertificates> {
    this.#serving = keys.serving;
    if (leading) await this.#publish(keys);
    return keys.serving;
  }

  async #lead(secret: Secret, read: ReadSecret): Promise<HubCertificates> {
    // Nobody serves with an authority before it has stood in the ConfigMap for the whole overlap, whoever died in between.
    const unannounced = await this.#publish(read.keys);
    if (read.foreign) return this.#use(read.keys, false);
    if (unannounced && read.rotation.stage === "Announced") return this.#use(await this.#write(secret, read.keys), false);
    return this.#use(await this.#rotate(secret, read), true);
  }

  /** @returns whether the ConfigMap said something else until now */
  async #publish(keys: HubKeys): Promise<boolean> {
    const { client } = this.#options;
    const ref = { ...this.#secretRef, name: authorityName };
    const data = { "ca.crt": authoritiesOf(keys) };
    const standing = await orNull(client.get(ConfigMaps, ref));
    if (standing?.data?.["ca.crt"] === data["ca.crt"]) return false;
    await client.apply(ConfigMaps, { metadata: { ...ref, labels }, data });
    return true;
  }

  /** Creates, never overwrites: of two operators that start at once one wins and the other reads what it wrote. */
  async #create(serving: HubCertificates | null): Promise<ReadSecret> {
    const { client, date } = this.#options;
    const keys = { serving: serving ?? (await makeHubCertificates()), next: null, previousAuthority: null };
    const { data, annotations } = writeHubSecret(keys, date());
    const present = Object.fromEntries(Object.entries(data ?? {}).filter(([, value]) => value !== null));
    try {
      const metadata = { ...this.#secretRef, labels, annotations: annotations as Record<string, string> };
      const manifest = { metadata, type: "kubernetes.io/tls", data: present };
      return readHubSecret(await client.create<Secret, typeof manifest>(Secrets, manifest));
    } catch (error) {
      // Whoever was faster has written one; the next attempt reads it, and judges it as any other.
      if (error instanceof ApiError && error.reason === "AlreadyExists")
        throw new TemporaryError("another operator has just made the certificates");
      throw error;
    }
  }

  async #rotate(secret: Secret, { keys, rotation }: ReadSecret): Promise<HubKeys> {
    const { date, log, policy } = this.#options;
    switch (nextRotationStep({ ...rotation, seenForMs: this.#watchStage(rotation.stage) }, policy, date())) {
      case "none":
        break;
      case "date":
        return this.#write(secret, keys);
      case "announce":
        log.info({ secret: hubSecretName }, "rotating the hub's key: the next authority is announced");
        return this.#write(secret, { ...keys, next: await makeHubCertificates() });
      case "serve":
        if (keys.next === null) break;
        log.info({ secret: hubSecretName }, "rotating the hub's key: the next one serves");
        return this.#write(secret, { serving: keys.next, next: null, previousAuthority: keys.serving.authority });
      case "retire":
        log.info({ secret: hubSecretName }, "rotated the hub's key: the previous authority is retired");
        return this.#write(secret, { ...keys, previousAuthority: null });
    }
    return keys;
  }

  /** @returns ms for which this process has seen the rotation at this stage */
  #watchStage(stage: RotationStage): number {
    const now = this.#options.now();
    if (this.#stage?.stage !== stage) this.#stage = { stage, since: now };
    return now - this.#stage.since;
  }

  async #write(secret: Secret, keys: HubKeys): Promise<HubKeys> {
    const { client, date } = this.#options;
    const { annotations, data } = writeHubSecret(keys, date());
    const metadata = { resourceVersion: secret.metadata.resourceVersion, annotations };
    await client.patch(Secrets, this.#secretRef, { kind: "merge", patch: { metadata, data } });
    this.#watchStage(stageOf(keys));
    return keys;
  }
}

async function orNull<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
