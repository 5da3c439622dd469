/**
 * An API server without a network, as a Transport: for thousands of sequences of changes and faults in simulated time. What
 * the bytes on a wire can do besides is the fake API server's business.
 */
import type { Clock } from "../clock/clock.js";
import { sleep } from "../clock/sleep.js";
import { ApiError, KopfError } from "../errors.js";
import type { Transport, TransportRequest } from "../transport/transport.js";
import type { Change, WidgetStorage } from "./widget-storage.js";
import { bookmark, changeLine } from "./widgets.js";

/** What happens to one request instead of an answer. */
export type Refusal =
  | { readonly kind: "status"; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: "cut" | "stall" };

interface MemoryWatch {
  readonly after: number;
  /** Null: the end. */
  readonly chunks: (Uint8Array | Error | null)[];
  wake: () => void;
  frozen: boolean;
}

/** Until the real transport gives up. */
const stallMs = 60_000;

export class MemoryApiServer implements Transport {
  streamingList = true;
  pageSize = 2;
  /** Met by the next requests, one each. */
  readonly refusals: Refusal[] = [];
  readonly #storage: WidgetStorage;
  readonly #clock: Clock;
  readonly #watches = new Set<MemoryWatch>();
  #held: Change[] | undefined;

  constructor(storage: WidgetStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
    storage.subscribe((change) => this.#tell(change));
  }

  async send(request: TransportRequest): Promise<unknown> {
    await this.#refuse(request);
    const page = this.#storage.readPage(request.query?.["continue"], request.query?.["limit"] === undefined ? 0 : this.pageSize);
    if (page === "gone") throw statusError(410);
    return { metadata: { resourceVersion: String(page.version), continue: page.continue }, items: page.items };
  }

  async stream(request: TransportRequest): Promise<AsyncIterable<Uint8Array>> {
    await this.#refuse(request);
    const initial = request.query?.["sendInitialEvents"] === "true";
    if (initial && !this.streamingList) throw statusError(422);
    const after = initial ? this.#storage.version : Number(request.query?.["resourceVersion"]);
    const changes = this.#storage.changesAfter(after);
    const watch: MemoryWatch = { after, chunks: [], wake: () => {}, frozen: false };
    if (changes === "gone") {
      push(watch, `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410 } })}\n`);
      push(watch, null);
      return this.#read(watch, request);
    }
    for (const object of initial ? this.#storage.list() : []) push(watch, changeLine("ADDED", object));
    if (initial) push(watch, bookmark(after, true));
    for (const { line } of changes) push(watch, line);
    this.#watches.add(watch);
    return this.#read(watch, request);
  }

  close(): Promise<void> {
    this.cut();
    return Promise.resolve();
  }

  /** On all open watches. */
  writeRaw(text: string): void {
    for (const watch of this.#awake()) push(watch, text);
  }

  bookmark(): void {
    if (this.#held === undefined)
      for (const watch of this.#awake()) if (this.#storage.version > watch.after) push(watch, bookmark(this.#storage.version));
  }

  cut(): void {
    for (const watch of this.#watches) push(watch, new KopfError("KOPF_TRANSPORT_FAILED", "cut"));
    this.#watches.clear();
  }

  end(): void {
    for (const watch of this.#awake()) {
      push(watch, null);
      this.#watches.delete(watch);
    }
  }

  freeze(): void {
    for (const watch of this.#watches) watch.frozen = true;
  }

  hold(): void {
    this.#held ??= [];
  }

  release(arrange: (changes: readonly Change[]) => readonly Change[] = (changes) => changes): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const change of arrange(held)) this.#tell(change);
  }

  #tell(change: Change): void {
    if (this.#held !== undefined) this.#held.push(change);
    else for (const watch of this.#awake()) if (change.version > watch.after) push(watch, change.line);
  }

  #awake(): MemoryWatch[] {
    return [...this.#watches].filter(({ frozen }) => !frozen);
  }

  async #refuse(request: TransportRequest): Promise<void> {
    const refusal = this.refusals.shift();
    switch (refusal?.kind) {
      case undefined:
        return;
      case "status":
        throw statusError(refusal.status, refusal.retryAfterMs);
      case "cut":
        throw new KopfError("KOPF_TRANSPORT_FAILED", "refused");
      case "stall":
        await sleep(this.#clock, stallMs, request.signal);
        throw new KopfError(request.signal?.aborted ? "KOPF_ABORTED" : "KOPF_TRANSPORT_TIMEOUT", "stalled");
    }
  }

  async *#read(watch: MemoryWatch, { signal }: TransportRequest): AsyncGenerator<Uint8Array> {
    const wake = (): void => watch.wake();
    signal?.addEventListener("abort", wake);
    try {
      for (;;) {
        if (signal?.aborted) throw new KopfError("KOPF_ABORTED", "aborted");
        const chunk = watch.chunks.shift();
        if (chunk === null) return;
        if (chunk instanceof Error) throw chunk;
        if (chunk !== undefined) yield chunk;
        else await new Promise<void>((resolve) => (watch.wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      this.#watches.delete(watch);
    }
  }
}

function push(watch: MemoryWatch, chunk: string | Error | null): void {
  watch.chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  watch.wake();
}

function statusError(status: number, retryAfterMs?: number): ApiError {
  return new ApiError(`refused with ${status}`, { status, reason: "", retryAfterMs });
}
