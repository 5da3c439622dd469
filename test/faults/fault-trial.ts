/**
 * A real kopf-ts operator in front of a fake API server over TLS, with a handler that reads and writes, and a witness that
 * judges every change of its cache. A fault is inflicted on this.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { type App, type Clock, done, errorRegistry, type KubeObject, keyOf, operator, typeId } from "kopf-ts";
import {
  createRecordingLog,
  createRecordingMetrics,
  type FakeApiServer,
  StoreWitness,
  startFakeApiServer,
  type Widget,
  Widgets,
  withoutManagers,
} from "kopf-ts/testing";
import { type Authority, makeAuthority } from "../controlplane/certificates.js";
import { labError } from "../lab/errors.js";

export interface TrialOptions {
  /** Done to the server before the operator starts. */
  readonly prepare?: ((server: FakeApiServer) => void) | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

const initialWidgets = 20;
const auditEveryMs = 50;
const startLimitSeconds = 60;

export class FaultTrial {
  readonly server: FakeApiServer;
  readonly app: App;
  readonly witness: StoreWitness<Widget>;
  readonly metrics = createRecordingMetrics();
  readonly #log = createRecordingLog();
  readonly #directory: string;
  readonly #handled = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #audits: NodeJS.Timeout;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(server: FakeApiServer, directory: string, authority: Authority, clock: Clock | undefined) {
    this.server = server;
    this.#directory = directory;
    this.trust(authority);
    this.rotateToken("first");
    const kube = new KubeConfig();
    const authProvider = { name: "tokenFile", config: { tokenFile: this.#file("token") } };
    kube.loadFromClusterAndUser(
      { name: "fake", server: server.url, caFile: this.#file("ca.crt"), skipTLSVerify: false },
      { name: "me", authProvider },
    );
    this.app = operator({ kube, identity: "trial", log: this.#log, metrics: this.metrics, ...(clock === undefined ? {} : { clock }) });
    this.witness = new StoreWitness(this.app.store(Widgets), server.storage);
    this.app.on.reconcile(
      Widgets,
      async ({ client, key, object }) => {
        this.#handled.set(key, nameState(object));
        const size = object?.spec?.size;
        if (object === undefined || size === undefined || object.status?.seen === size) return done();
        const { name, namespace } = object.metadata;
        await client.patchStatus(Widgets, { name, namespace }, { kind: "merge", patch: { status: { seen: size } } });
        return done();
      },
      { concurrency: 4 },
    );
    this.#audits = setInterval(() => this.witness.audit(), auditEveryMs);
  }

  /** Resolves once cache, handler and server agree. @throws MER_LAB_TIMEOUT */
  static async start({ clock, prepare }: TrialOptions = {}): Promise<FaultTrial> {
    const authority = await makeAuthority();
    const server = await startFakeApiServer({ tls: await serverTls(authority), bookmarkEveryMs: 5_000 });
    server.tokens = new Set(["first"]);
    for (let index = 0; index < initialWidgets; index++) server.put(`w${index}`, { size: index });
    prepare?.(server);
    const trial = new FaultTrial(server, mkdtempSync(join(tmpdir(), "meridian-faults-")), authority, clock);
    trial.#running = trial.app.run({ signal: trial.#stop.signal });
    trial.#running.catch((error: unknown) => trial.witness.violations.push(`the operator ended: ${String(error)}`));
    if (await trial.converge(startLimitSeconds)) return trial;
    const { disagreements } = trial;
    await trial.close();
    throw labError("MER_LAB_TIMEOUT", `the trial's operator does not settle: ${disagreements.slice(0, 3).join("; ")}`);
  }

  /** Makes the server's certificates come from another authority. */
  async changeAuthority(): Promise<Authority> {
    const authority = await makeAuthority();
    this.server.replaceTls(await serverTls(authority));
    return authority;
  }

  /** What Kubernetes does to the file that a pod reads. */
  trust(authority: Authority): void {
    writeFileSync(this.#file("ca.crt"), authority.certificate);
  }

  rotateToken(token: string): void {
    writeFileSync(this.#file("token"), `${token}\n`);
  }

  /** One change of every sort, unnoticed by nobody in the end. */
  change(): void {
    const { server } = this;
    const serial = server.storage.version;
    server.put(`new-${serial}`, { size: serial });
    server.put("w1", { size: serial });
    server.remove("w2");
    server.put("w2", { size: serial });
    server.remove(`w${String((serial % 10) + 4)}`);
  }

  /** Of the reflector, by code. */
  get interruptionCounts(): ReadonlyMap<string, number> {
    const count = (code: string): number => this.metrics.value("reflector_errors_total", { type: typeId(Widgets), code });
    return new Map([...Object.keys(errorRegistry), "bug"].map((code) => [code, count(code)] as const).filter(([, times]) => times > 0));
  }

  /** Interruptions with this code, or all. */
  interruptions(code?: string): number {
    return [...this.interruptionCounts].filter(([met]) => met === (code ?? met)).reduce((sum, [, times]) => sum + times, 0);
  }

  get snapshots(): number {
    return this.metrics.value("reflector_snapshots_total", { type: typeId(Widgets) });
  }

  /** What keeps cache, handler and server from agreeing; empty: they do. */
  get disagreements(): string[] {
    const truth = this.server.storage.list().map(withoutManagers);
    const existing = new Set(truth.map(keyOf));
    return [
      ...this.witness.differences(truth).map((key) => `${key}: the cache differs from the server`),
      ...truth
        .filter((widget) => this.#handled.get(keyOf(widget)) !== nameState(widget))
        .map((widget) => `${keyOf(widget)}: no handler has seen the last state`),
      ...[...this.#handled]
        .filter(([key, state]) => !existing.has(key) && state !== gone)
        .map(([key]) => `${key}: no handler has seen the deletion`),
      ...truth.filter(({ spec, status }) => spec?.size !== status?.seen).map((widget) => `${keyOf(widget)}: its status was not written`),
    ];
  }

  /** Resolves once cache, handler and server agree. @returns false: not within the limit */
  async converge(limitSeconds: number): Promise<boolean> {
    const end = performance.now() + limitSeconds * 1000;
    while (this.disagreements.length > 0) {
      if (performance.now() > end) return false;
      await sleep(10);
    }
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#audits);
    this.#stop.abort();
    await this.#running.catch(() => undefined);
    await this.server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

const gone = "gone";

function nameState(object: KubeObject | undefined): string {
  return object === undefined ? gone : `${object.metadata.uid}@${object.metadata.resourceVersion}`;
}

async function serverTls(authority: Authority): Promise<{ key: string; cert: string }> {
  const { certificate, key } = await authority.issue("CN=fake-apiserver", ["127.0.0.1"], []);
  return { key, cert: certificate };
}
