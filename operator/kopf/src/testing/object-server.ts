/**
 * An API server without a network that keeps objects of all types by the rules that handlers rely on: versions, 409, finalizers,
 * streaming lists. Each replica of an operator gets a connection of its own that can fail.
 */
import { ApiError, KopfError } from "../errors.js";
import type { Clock } from "../clock/clock.js";
import type { KubeObject } from "../object/kube-object.js";
import { sleep } from "../clock/sleep.js";
import type { Transport, TransportRequest } from "../transport/transport.js";

type Json = { [field: string]: unknown };
type Stored = KubeObject & Json;

interface Watch {
  readonly collection: string;
  readonly owner: Connection;
  readonly lines: string[];
  cut: boolean;
  wake: () => void;
}

/** One replica's way to the server. */
export interface Connection extends Transport {
  /** False: requests get no answer, watches are cut. */
  reachable: boolean;
  /** `verb path` of what was executed for it. */
  readonly executed: string[];
  /** The next request whose `verb path` matches is refused. */
  refuseNext(matches: RegExp, status: number, reason?: string): void;
  /** All that match are, until the returned function is called. */
  refuseWhile(matches: RegExp, status: number, reason?: string): () => void;
}

export class ObjectServer {
  readonly #clock: Clock;
  readonly #objects = new Map<string, Stored>();
  readonly #watches = new Set<Watch>();
  #version = 100;
  #uids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** By its path: `/apis/test.io/v1/namespaces/ns/widgets/a`. */
  get(path: string): Stored | undefined {
    return this.#objects.get(path);
  }

  paths(matches: RegExp): string[] {
    return [...this.#objects.keys()].filter((path) => matches.test(path));
  }

  /** Creates or merges. */
  put(path: string, patch: Json): Stored {
    const before = this.#objects.get(path);
    return before === undefined ? this.#create(path, patch) : this.#merge(path, before, patch);
  }

  /** As kubectl delete: waits for finalizers. */
  remove(path: string): void {
    const object = this.#objects.get(path);
    if (object === undefined) throw status(404);
    const { metadata } = object;
    if ((metadata.finalizers ?? []).length === 0) return this.#drop(path, object);
    if (metadata.deletionTimestamp === undefined)
      this.#store(path, { ...object, metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
  }

  connect(): Connection {
    const refusals: { readonly matches: RegExp; readonly error: ApiError; readonly once: boolean }[] = [];
    const admit = async (request: TransportRequest): Promise<void> => {
      const name = `${request.verb} ${request.path}`;
      if (!connection.reachable) {
        await sleep(this.#clock, request.timeoutMs ?? 30_000, request.signal);
        throw new KopfError(request.signal?.aborted ? "KOPF_ABORTED" : "KOPF_TRANSPORT_TIMEOUT", "unreachable");
      }
      const refusal = refusals.find(({ matches }) => matches.test(name));
      if (refusal?.once) refusals.splice(refusals.indexOf(refusal), 1);
      if (refusal !== undefined) throw refusal.error;
      connection.executed.push(name);
    };
    const watches = this.#watches;
    let reachable = true;
    const connection: Connection = {
      executed: [],
      get reachable() {
        return reachable;
      },
      set reachable(value) {
        reachable = value;
        for (const watch of watches) if (!value && watch.owner === connection) cutWatch(watch);
      },
      refuseNext: (matches, code, reason) => void refusals.push({ matches, error: status(code, reason), once: true }),
      refuseWhile(matches, code, reason) {
        const refusal = { matches, error: status(code, reason), once: false };
        refusals.push(refusal);
        return () => void refusals.splice(refusals.indexOf(refusal), 1);
      },
      send: async (request) => {
        await admit(request);
        return structuredClone(this.#execute(request));
      },
      stream: async (request) => {
        await admit(request);
        return this.#watch(connection, request);
      },
      close: async () => {},
    };
    return connection;
  }

  #execute({ body, path, verb }: TransportRequest): unknown {
    const patch = (body ?? {}) as Json & { metadata?: { name?: string; resourceVersion?: string } };
    const target = path.replace(/\/status$/, "");
    const before = this.#objects.get(target);
    switch (verb) {
      case "get":
        return before ?? fail(404);
      case "create": {
        const created = `${path}/${patch.metadata?.name}`;
        return this.#objects.has(created) ? fail(409) : this.#create(created, patch);
      }
      case "apply":
        return this.put(target, patch);
      case "patch": {
        if (before === undefined) return fail(404);
        const version = patch.metadata?.resourceVersion;
        return version !== undefined && version !== before.metadata.resourceVersion ? fail(409) : this.#merge(target, before, patch);
      }
      case "delete":
        this.remove(target);
        return this.#objects.get(target) ?? { kind: "Status", details: { uid: before?.metadata.uid } };
      case "list":
      case "watch":
        break;
    }
    return fail(405);
  }

  #create(path: string, body: Json): Stored {
    const names = path.split("/");
    const namespace = names.at(-4) === "namespaces" ? { namespace: names.at(-3) } : {};
    const given = (body["metadata"] ?? {}) as Json;
    const metadata = { ...given, name: names.at(-1), ...namespace, uid: `uid-${++this.#uids}`, generation: 1 };
    return this.#store(path, { ...body, metadata } as unknown as Stored);
  }

  #merge(path: string, before: Stored, patch: Json): Stored {
    const { resourceVersion: _guard, ...metadata } = (patch["metadata"] ?? {}) as Json;
    const merged = mergePatch(before, { ...patch, metadata }) as Stored;
    const edited = JSON.stringify(merged["spec"]) !== JSON.stringify(before["spec"]);
    const generation = (before.metadata.generation ?? 0) + (edited ? 1 : 0);
    const after = { ...merged, metadata: { ...merged.metadata, generation } };
    if (after.metadata.deletionTimestamp === undefined || (after.metadata.finalizers ?? []).length > 0) return this.#store(path, after);
    this.#drop(path, after);
    return after;
  }

  #store(path: string, object: Stored): Stored {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    const type = this.#objects.has(path) ? "MODIFIED" : "ADDED";
    this.#objects.set(path, stored);
    this.#tell(path, type, stored);
    return stored;
  }

  #drop(path: string, object: Stored): void {
    this.#objects.delete(path);
    this.#tell(path, "DELETED", { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } });
  }

  #tell(path: string, type: string, object: Stored): void {
    for (const watch of this.#watches) {
      if (collectionOf(path) !== watch.collection) continue;
      watch.lines.push(JSON.stringify({ type, object }));
      watch.wake();
    }
  }

  async *#watch(owner: Connection, { path, query, signal }: TransportRequest): AsyncGenerator<Uint8Array> {
    const watch: Watch = { collection: path.replace(/\/namespaces\/[^/]+/, ""), owner, lines: [], cut: false, wake: () => {} };
    // There is no history: who continues from an earlier version reads anew.
    if (query?.["sendInitialEvents"] !== "true") throw status(410);
    for (const [object, stored] of this.#objects)
      if (collectionOf(object) === watch.collection) watch.lines.push(JSON.stringify({ type: "ADDED", object: stored }));
    const annotations = { "k8s.io/initial-events-end": "true" };
    watch.lines.push(JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: String(this.#version), annotations } } }));
    this.#watches.add(watch);
    const wake = (): void => watch.wake();
    signal?.addEventListener("abort", wake);
    try {
      for (;;) {
        if (signal?.aborted) throw new KopfError("KOPF_ABORTED", "aborted");
        if (watch.cut) throw new KopfError("KOPF_TRANSPORT_FAILED", "cut");
        const line = watch.lines.shift();
        if (line !== undefined) yield Buffer.from(`${line}\n`);
        else await new Promise<void>((resolve) => (watch.wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      this.#watches.delete(watch);
    }
  }
}

function cutWatch(watch: Watch): void {
  watch.cut = true;
  watch.wake();
}

/** All namespaces together. */
function collectionOf(path: string): string {
  return path.replace(/\/namespaces\/[^/]+/, "").replace(/\/[^/]+$/, "");
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Json = { ...(typeof target === "object" && target !== null && !Array.isArray(target) ? (target as Json) : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

function status(code: number, reason = ""): ApiError {
  return new ApiError(`refused with ${code}`, { status: code, reason });
}

function fail(code: number): never {
  throw status(code);
}
