/**
 * Every error this package throws, with its code. Codes are an interface: alerts, tests and documentation refer to them,
 * so that a message can be reworded without breaking anybody.
 */

/** All codes, each with the sentence that belongs into a reference page. */
export const errorRegistry = {
  KOPF_ABORTED: "The caller's signal ended the operation; nothing is wrong.",
  KOPF_API_CONFLICT: "409: the object changed since it was read, already exists, or another field manager owns a field.",
  KOPF_API_FORBIDDEN: "403: the operator's account lacks a permission, or an admission policy refused.",
  KOPF_API_GONE: "410: the resourceVersion or continue token is too old; the list has to be read anew.",
  KOPF_API_INVALID: "400 or 422: the API server refused the object; `details.causes` names the fields.",
  KOPF_API_NOT_FOUND: "404: no such object, or the API server does not serve this resource type.",
  KOPF_API_REJECTED: "Any other 4xx or unexpected status.",
  KOPF_API_THROTTLED: "429: still overloaded after all retries; `retryAfterMs` is what the server asked for.",
  KOPF_API_UNAUTHORIZED: "401: the credentials are not accepted even after reading them anew.",
  KOPF_API_UNAVAILABLE: "5xx: the API server or its storage is not able to answer.",
  KOPF_CONFIG_INVALID: "The kubeconfig or the operator's own declaration cannot work as given.",
  KOPF_HANDLER_TIMEOUT: "A handler did not return within its time limit; its signal was aborted.",
  KOPF_PERMANENT: "A handler declared that retrying is useless until the object changes.",
  KOPF_STARTUP_FAILED: "A startup function threw; the operator did not start.",
  KOPF_STORE_UNKNOWN: "A handler asked for the cache of a type that was not declared before run().",
  KOPF_TEMPORARY: "A handler asked to be called again after a delay of its choice.",
  KOPF_TRANSPORT_FAILED: "No response: name resolution, connection, TLS or the connection ended early.",
  KOPF_TRANSPORT_TIMEOUT: "No complete response within the time limit of the verb.",
  KOPF_WATCH_CUT: "A watch ended in the middle of a line.",
  KOPF_WATCH_ENDED: "A watch ended in order, but before it had told anything, or before the end of its initial events.",
  KOPF_WATCH_ERROR: "The API server reported an error inside a watch stream.",
  KOPF_WATCH_LINE_TOO_LONG: "One line of a watch exceeds the bound on its length.",
  KOPF_WATCH_MALFORMED: "A line of a watch is not a watch event.",
  KOPF_WATCH_SILENT: "Neither events nor bookmarks arrived within the inactivity limit.",
} as const satisfies Record<string, string>;

export type KopfErrorCode = keyof typeof errorRegistry;

/** Base of all errors of this package. `code` is stable, `message` is for people. */
export class KopfError extends Error {
  override readonly name: string = "KopfError";
  readonly code: KopfErrorCode;

  constructor(code: KopfErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** `details` of a Kubernetes Status, as sent. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

/** What an ApiError is made of. */
export interface ApiErrorFields {
  /** HTTP status, or the `code` of a Status object inside a watch. */
  readonly status: number;
  /** Machine-readable reason of the Status, e.g. `AlreadyExists`; empty when the body was no Status. */
  readonly reason: string;
  readonly details?: StatusDetails | undefined;
  /** From the Retry-After header, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The API server answered, and the answer is no. */
export class ApiError extends KopfError {
  override readonly name = "ApiError";
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, fields: ApiErrorFields) {
    super(codeOfStatus(fields.status), message, { cause: fields.cause });
    this.status = fields.status;
    this.reason = fields.reason;
    this.details = fields.details;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

/** Thrown by a handler: try again after `delayMs` (default 60 000), without the exponential back-off of unexpected errors. */
export class TemporaryError extends KopfError {
  override readonly name = "TemporaryError";
  readonly delayMs: number;

  constructor(message: string, options: { readonly delayMs?: number; readonly cause?: unknown } = {}) {
    super("KOPF_TEMPORARY", message, options);
    this.delayMs = options.delayMs ?? 60_000;
  }
}

/** Thrown by a handler: no retry; the next change of the object, or of anything mapped to it, calls the handler again. */
export class PermanentError extends KopfError {
  override readonly name = "PermanentError";

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super("KOPF_PERMANENT", message, options);
  }
}

/** True for the one API error that callers ask about most. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** Code of any thrown value, for logs and metric labels; `bug` for what is not an error of this package. */
export function codeOf(error: unknown): KopfErrorCode | "bug" {
  return error instanceof KopfError ? error.code : "bug";
}

function codeOfStatus(status: number): KopfErrorCode {
  switch (status) {
    case 400:
    case 422:
      return "KOPF_API_INVALID";
    case 401:
      return "KOPF_API_UNAUTHORIZED";
    case 403:
      return "KOPF_API_FORBIDDEN";
    case 404:
      return "KOPF_API_NOT_FOUND";
    case 409:
      return "KOPF_API_CONFLICT";
    case 410:
      return "KOPF_API_GONE";
    case 429:
      return "KOPF_API_THROTTLED";
    default:
      return status >= 500 ? "KOPF_API_UNAVAILABLE" : "KOPF_API_REJECTED";
  }
}
