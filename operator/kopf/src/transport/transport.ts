/**
 * HTTP as the API server needs it: authentication that follows rotation, a time limit for every verb, patience with 429
 * and 503, and errors that say which of these gave up. Knows nothing about resource types.
 */
import type { Dispatcher } from "undici";
import type { Clock } from "../clock/clock.js";
import { type Deadline, startDeadline } from "../clock/deadline.js";
import { sleep } from "../clock/sleep.js";
import { KopfError } from "../errors.js";
import type { Instruments } from "../metrics/metrics.js";
import { readApiError } from "./api-error-body.js";
import type { ConnectionPool } from "./connection-pool.js";
import type { Credentials, CredentialSource } from "./credentials.js";
import { decideRetry, parseRetryAfterMs } from "./retry-policy.js";

export type Verb = "get" | "list" | "watch" | "create" | "apply" | "patch" | "delete";

/** Milliseconds until the complete response, retries included; for a watch until its headers. */
const timeLimitsMs: Readonly<Record<Verb, number>> = {
  get: 15_000,
  list: 60_000,
  watch: 60_000,
  create: 30_000,
  apply: 30_000,
  patch: 30_000,
  delete: 30_000,
};

const methods: Readonly<Record<Verb, Dispatcher.HttpMethod>> = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  apply: "PATCH",
  patch: "PATCH",
  delete: "DELETE",
};

export interface TransportRequest {
  readonly verb: Verb;
  /** Begins with `/api` or `/apis`. */
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface Transport {
  /** Parsed JSON of a 2xx response. Throws ApiError, KOPF_TRANSPORT_FAILED, KOPF_TRANSPORT_TIMEOUT, KOPF_ABORTED. */
  send(request: TransportRequest): Promise<unknown>;
  /** Bytes of a 2xx response as they come, without a time limit: the signal ends them. Errors as send(). */
  stream(request: TransportRequest): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly credentials: CredentialSource;
  readonly pool: ConnectionPool;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly instruments: Instruments;
}

export function createTransport(options: TransportOptions): Transport {
  const { clock, credentials, instruments, pool } = options;

  /** One exchange; a 401 is answered with fresh credentials once, because tokens expire between two requests. */
  const exchange = async (request: TransportRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> => {
    const first = await dispatch(request, await credentials.current(), signal).catch((error: unknown) => {
      if (!signal.aborted) credentials.invalidate();
      throw error;
    });
    if (first.statusCode !== 401) return first;
    await first.body.dump();
    return dispatch(request, await credentials.refresh(), signal);
  };

  const dispatch = (request: TransportRequest, identity: Credentials, signal: AbortSignal): Promise<Dispatcher.ResponseData> =>
    pool.dispatcherFor(identity).request({
      origin: identity.origin,
      path: identity.basePath + request.path,
      method: methods[request.verb],
      query: presentOnly(request.query),
      headers: {
        ...identity.headers,
        accept: "application/json",
        "user-agent": options.userAgent,
        ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
    });

  /** Repeats exchanges until one is worth returning. The response is 2xx. */
  const exchangePatiently = async (request: TransportRequest, deadline: Deadline, endsAt: number): Promise<Dispatcher.ResponseData> => {
    for (let number = 0; ; number++) {
      const outcome = await exchange(request, deadline.signal).catch((error: unknown) => ({ error }));
      if (deadline.signal.aborted) throw deadline.signal.reason;
      const failed = "error" in outcome;
      if (failed && outcome.error instanceof KopfError) throw outcome.error;
      if (!failed && outcome.statusCode < 300) return outcome;

      const retryAfterMs = failed ? undefined : parseRetryAfterMs(firstValue(outcome.headers["retry-after"]), clock.date());
      const status = failed ? undefined : outcome.statusCode;
      const readsOnly = methods[request.verb] === "GET";
      const callerRetries = request.verb === "watch";
      const remainingMs = endsAt - clock.now();
      const decision = decideRetry({ number, readsOnly, callerRetries, status, retryAfterMs, remainingMs }, options.random());
      if (decision.kind === "give-up") {
        throw failed ? transportFailure(request, outcome.error) : await readApiError(outcome, describe(request), retryAfterMs);
      }
      if (!failed) await outcome.body.dump();
      await sleep(clock, decision.afterMs, deadline.signal);
    }
  };

  /** Runs `use` within the time limit of the request, counts it, and gives every failure its code. */
  const perform = async <R>(
    request: TransportRequest,
    use: (response: Dispatcher.ResponseData, deadline: Deadline) => Promise<R>,
  ): Promise<R> => {
    const limitMs = request.timeoutMs ?? timeLimitsMs[request.verb];
    const startedAt = clock.now();
    const deadline = startDeadline(clock, limitMs, request.signal, () => timeoutOf(request, limitMs));
    let status = 0;
    try {
      const response = await exchangePatiently(request, deadline, startedAt + limitMs);
      status = response.statusCode;
      return await use(response, deadline);
    } catch (error) {
      status = statusOf(error);
      if (deadline.expired()) throw timeoutOf(request, limitMs);
      if (request.signal?.aborted) throw abortOf(request, request.signal.reason);
      throw error instanceof KopfError ? error : transportFailure(request, error);
    } finally {
      deadline.clear();
      instruments.requests.increment({ verb: request.verb, status: String(status) });
      instruments.requestSeconds.observe({ verb: request.verb }, (clock.now() - startedAt) / 1000);
    }
  };

  return {
    send: (request) => perform(request, (response) => response.body.json()),
    stream: (request) => perform(request, async (response) => readBody(request, response.body)),
    close: () => pool.close(),
  };
}

/** The time limit is over by now, so the caller's signal has to be tied to the body again. */
async function* readBody(request: TransportRequest, body: Dispatcher.ResponseData["body"]): AsyncGenerator<Uint8Array> {
  const abort = (): void => void body.destroy(abortOf(request, request.signal?.reason));
  if (request.signal?.aborted) abort();
  request.signal?.addEventListener("abort", abort);
  try {
    for await (const chunk of body) yield chunk as Uint8Array;
  } catch (error) {
    if (request.signal?.aborted) throw abortOf(request, request.signal.reason);
    throw error instanceof KopfError ? error : transportFailure(request, error);
  } finally {
    request.signal?.removeEventListener("abort", abort);
    body.destroy();
  }
}

function describe({ verb, path }: TransportRequest): string {
  return `${verb} ${path}`;
}

function transportFailure(request: TransportRequest, cause: unknown): KopfError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new KopfError("KOPF_TRANSPORT_FAILED", `${describe(request)}: ${detail}`, { cause });
}

function timeoutOf(request: TransportRequest, limitMs: number): KopfError {
  return new KopfError("KOPF_TRANSPORT_TIMEOUT", `${describe(request)}: no complete response within ${limitMs} ms`);
}

function abortOf(request: TransportRequest, cause: unknown): KopfError {
  return new KopfError("KOPF_ABORTED", `${describe(request)}: aborted by the caller`, { cause });
}

function statusOf(error: unknown): number {
  return error instanceof KopfError && "status" in error && typeof error.status === "number" ? error.status : 0;
}

function firstValue(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function presentOnly(query: TransportRequest["query"]): Record<string, string> {
  return Object.fromEntries(Object.entries(query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
