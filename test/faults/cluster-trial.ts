/**
 * A kopf-ts operator on a real control plane, with a writer beside it that never rests. Every object carries a number that
 * only grows, so that the witness can tell a state that was from one that never was without having seen every answer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { done, type KubeClient, type KubeObject, keyOf, operator, type ResourceType, typeId } from "kopf-ts";
import { createRecordingLog, createRecordingMetrics, type Ledger, StoreWitness } from "kopf-ts/testing";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { labError } from "../lab/errors.js";

interface Numbered extends KubeObject {
  readonly data?: { readonly number?: string };
}
const ConfigMaps: ResourceType<Numbered> = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };
const namespace = "faults";
const seenBy = "trial.test.io/seen";
const names = Array.from({ length: 12 }, (_, index) => `cm${String(index)}`);
const writeEveryMs = 50;

/** What the writer attempted: an answer that was lost may still have been carried out. */
class AttemptLedger implements Ledger {
  readonly restores = 0;
  readonly #numbers = new Map<string, number>();
  readonly #deletions = new Set<string>();

  next(name: string): number {
    const number = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, number);
    return number;
  }

  /** From now on the object of this uid may be gone. */
  bury(uid: string | undefined): void {
    if (uid !== undefined) this.#deletions.add(uid);
  }

  knows(object: KubeObject): boolean {
    const { data } = object as Numbered;
    return Number(data?.number) >= 1 && Number(data?.number) <= (this.#numbers.get(object.metadata.name) ?? 0);
  }

  isGone(uid: string): boolean {
    return this.#deletions.has(uid);
  }
}

export class ClusterTrial {
  readonly plane: ControlPlane;
  readonly witness: StoreWitness<Numbered>;
  readonly metrics = createRecordingMetrics();
  readonly #app;
  readonly #writer: KubeClient;
  readonly #ledger = new AttemptLedger();
  readonly #handled = new Map<string, string>();
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #rest = new AbortController();

  private constructor(plane: ControlPlane) {
    this.plane = plane;
    const kube = new KubeConfig();
    kube.loadFromFile(plane.kubeconfig);
    const log = createRecordingLog();
    this.#writer = operator({ kube, identity: "writer", log }).client;
    this.#app = operator({ kube, identity: "trial", log, metrics: this.metrics });
    this.witness = new StoreWitness(this.#app.store(ConfigMaps, { namespace, labelSelector: "trial=yes" }), this.#ledger);
    this.#app.on.reconcile(
      ConfigMaps,
      async ({ client, key, object }) => {
        this.#handled.set(key, object?.metadata.resourceVersion ?? "");
        const number = object?.data?.number ?? "";
        if (object === undefined || object.metadata.annotations?.[seenBy] === number) return done();
        const patch = { metadata: { uid: object.metadata.uid, annotations: { [seenBy]: number } } };
        await client.patch(ConfigMaps, { name: object.metadata.name, namespace }, { kind: "merge", patch });
        return done();
      },
      { concurrency: 4 },
    );
  }

  /** @throws MER_LAB_COMPONENT_MISSING, MER_LAB_TIMEOUT */
  static async start(): Promise<ClusterTrial> {
    const plane = await startControlPlane({ controllerManager: false });
    const trial = new ClusterTrial(plane);
    try {
      await plane.kubectl.run(["create", "namespace", namespace]);
      trial.#running = trial.#app.run({ signal: trial.#stop.signal });
      trial.#running.catch((error: unknown) => trial.witness.violations.push(`the operator ended: ${String(error)}`));
      trial.startWriting();
      await sleep(1_000);
      await trial.stopWriting();
      if (!(await trial.converge(60))) throw labError("MER_LAB_TIMEOUT", "the trial's operator does not settle");
      return trial;
    } catch (error) {
      await trial.close();
      throw error;
    }
  }

  startWriting(): void {
    this.#rest = new AbortController();
    this.#writing = this.#write(this.#rest.signal);
  }

  async stopWriting(): Promise<void> {
    this.#rest.abort();
    await this.#writing;
  }

  get interruptions(): number {
    const codes = [
      "KOPF_TRANSPORT_FAILED",
      "KOPF_API_UNAVAILABLE",
      "KOPF_WATCH_SILENT",
      "KOPF_API_GONE",
      "KOPF_API_THROTTLED",
      "KOPF_WATCH_ENDED",
      "KOPF_WATCH_CUT",
      "KOPF_TRANSPORT_TIMEOUT",
    ];
    return codes.reduce((sum, code) => sum + this.metrics.value("reflector_errors_total", { type: typeId(ConfigMaps), code }), 0);
  }

  /** One more change, through every refusal. */
  async writeOnce(): Promise<void> {
    await this.#put(names[0] ?? "", new AbortController().signal);
  }

  /** True once cache, handler and server agree. */
  async converge(limitSeconds: number): Promise<boolean> {
    for (const end = performance.now() + limitSeconds * 1000; performance.now() < end; await sleep(50)) {
      const truth = await this.#writer.list(ConfigMaps, { namespace, labelSelector: "trial=yes" }).catch(() => undefined);
      if (truth !== undefined && this.#agrees(truth.items)) return true;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.stopWriting();
    this.#stop.abort();
    await this.#running.catch(() => undefined);
    await this.plane.stop();
  }

  #agrees(items: readonly Numbered[]): boolean {
    const truth = items.map((item) => {
      const { managedFields: _managedFields, ...metadata } = item.metadata as Numbered["metadata"] & { readonly managedFields?: unknown };
      return { ...item, apiVersion: "v1", kind: "ConfigMap", metadata };
    });
    this.witness.audit();
    const existing = new Set(truth.map(keyOf));
    return (
      this.witness.differences(truth).length === 0 &&
      truth.every((object) => this.#handled.get(keyOf(object)) === object.metadata.resourceVersion) &&
      truth.every(({ data, metadata }) => metadata.annotations?.[seenBy] === data?.number) &&
      [...this.#handled].every(([key, version]) => existing.has(key) || version === "")
    );
  }

  async #write(signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const name = names[(turn * 7) % names.length] ?? "";
      if (turn % 5 === 4) await this.#remove(name);
      else await this.#put(name, signal);
      await sleep(writeEveryMs);
    }
  }

  async #put(name: string, signal: AbortSignal): Promise<void> {
    const number = this.#ledger.next(name);
    const manifest = { metadata: { name, namespace, labels: { trial: "yes" } }, data: { number: String(number) } };
    while (!signal.aborted) {
      try {
        await this.#writer.apply(ConfigMaps, manifest, { timeoutMs: 2_000 });
        return;
      } catch {
        await sleep(200); // the server is away: that is what this is about
      }
    }
  }

  async #remove(name: string): Promise<void> {
    const ref = { name, namespace };
    const object = await this.#writer.get(ConfigMaps, ref, { timeoutMs: 2_000 }).catch(() => undefined);
    if (object === undefined) return;
    this.#ledger.bury(object.metadata.uid);
    const { uid = "" } = object.metadata;
    await this.#writer.delete(ConfigMaps, ref, { preconditions: { uid }, timeoutMs: 2_000 }).catch(() => undefined);
  }
}
