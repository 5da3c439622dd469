/**
 * Every error this package throws, with its code. Codes are an interface: alerts, tests and documentation refer to them,
 * so that a message can be reworded without breaking anybody.
 */

/** All codes, each with what a reference page says about it. */
export const errorRegistry = {
  KOPF_ABORTED: {
    meaning: "The caller's signal ended the operation; nothing is wrong.",
    remedy: "Nothing to do.",
  },
  KOPF_API_CONFLICT: {
    meaning: "409: the object changed since it was read, already exists, or another field manager owns a field.",
    remedy:
      "Nothing to do: it is retried on the new state. If it lasts, two writers own one field; `kubectl get -o yaml --show-managed-fields` names them.",
  },
  KOPF_API_FORBIDDEN: {
    meaning: "403: the operator's account lacks a permission, or an admission policy refused.",
    remedy: "The message names verb, resource and account: extend its role, or look at the policy it names.",
  },
  KOPF_API_GONE: {
    meaning: "410: the resourceVersion or continue token is too old; the list has to be read anew.",
    remedy: "Nothing to do: caches read anew by themselves. A list of one's own has to be begun again.",
  },
  KOPF_API_INVALID: {
    meaning: "400 or 422: the API server refused the object; `details.causes` names the fields.",
    remedy: "Correct the named fields; if they are the operator's, its CustomResourceDefinitions are of another release.",
  },
  KOPF_API_NOT_FOUND: {
    meaning: "404: no such object, or the API server does not serve this resource type.",
    remedy: "Create the object, or install the definition of its type.",
  },
  KOPF_API_REJECTED: {
    meaning: "Any other 4xx or unexpected status.",
    remedy: "The message carries what was answered; a proxy in between answers so, too.",
  },
  KOPF_API_THROTTLED: {
    meaning: "429: still overloaded after all retries; `retryAfterMs` is what the server asked for.",
    remedy: "Relieve the API server, or give the operator's account a FlowSchema of its own.",
  },
  KOPF_API_UNAUTHORIZED: {
    meaning: "401: the credentials are not accepted even after reading them anew.",
    remedy: "Check that the service account exists and its token is mounted, or log in again.",
  },
  KOPF_API_UNAVAILABLE: {
    meaning: "5xx: the API server or its storage is not able to answer.",
    remedy: "Nothing to do here: it is retried. Look at the API server and etcd.",
  },
  KOPF_CONFIG_INVALID: {
    meaning: "The kubeconfig or the operator's own declaration cannot work as given.",
    remedy: "The message names what is wrong with it.",
  },
  KOPF_HANDLER_TIMEOUT: {
    meaning: "A handler did not return within its time limit; its signal was aborted.",
    remedy: "Find out what it waits for; pass its `signal` on, or raise `timeoutMs`.",
  },
  KOPF_LIST_MALFORMED: {
    meaning: "The answer to a list is no list: a proxy's perhaps. Nothing is concluded from it; the list is read again.",
    remedy: "Look at what stands between the operator and the API server; the message holds the beginning of the answer.",
  },
  KOPF_PERMANENT: {
    meaning: "A handler declared that retrying is useless until the object changes.",
    remedy: "Change the object as the message says.",
  },
  KOPF_STARTUP_FAILED: {
    meaning: "A startup function threw; the operator did not start.",
    remedy: "The cause says why.",
  },
  KOPF_STORE_UNKNOWN: {
    meaning: "A handler asked for the cache of a type that was not declared before run().",
    remedy: "Declare it with `app.store(type)`.",
  },
  KOPF_TEMPORARY: {
    meaning: "A handler asked to be called again after a delay of its choice.",
    remedy: "Nothing to do, unless it lasts; the message says what it waits for.",
  },
  KOPF_TERM_ENDED: {
    meaning: "This replica leads no longer: its Lease was not renewed in time, is another's, or the operator stops.",
    remedy: "Nothing to do if it happens once. If again and again, the API server answers too slowly, or the process gets no time.",
  },
  KOPF_TERM_FAILED: {
    meaning:
      "A function that runs on taking over threw, or all of them together took longer than 60 s; the Lease was given back and is tried for again later.",
    remedy: "The cause says why; after a KOPF_HANDLER_TIMEOUT find out what they wait for, and pass their `signal` on.",
  },
  KOPF_TRANSPORT_FAILED: {
    meaning: "No response: name resolution, connection, TLS or the connection ended early.",
    remedy: "The cause is in the message; check the server's address, the network policy and the certificate authority.",
  },
  KOPF_TRANSPORT_TIMEOUT: {
    meaning: "No complete response within the time limit of the verb.",
    remedy: "The API server or the network is overloaded; it is retried where that is safe.",
  },
  KOPF_WATCH_CUT: {
    meaning: "A watch ended in the middle of a line.",
    remedy: "Nothing to do: it is begun again. If it lasts, something in between limits connections.",
  },
  KOPF_WATCH_ENDED: {
    meaning: "A watch ended in order, but before it had told anything, or before the end of its initial events.",
    remedy: "Nothing to do: it is begun again, with a list if streaming is not known there.",
  },
  KOPF_WATCH_ERROR: {
    meaning: "The API server reported an error inside a watch stream.",
    remedy: "Nothing to do: it is begun again. The message carries what was reported.",
  },
  KOPF_WATCH_LINE_TOO_LONG: {
    meaning: "One line of a watch exceeds the bound on its length.",
    remedy: "Not from a Kubernetes API server: check what answers at this address.",
  },
  KOPF_WATCH_MALFORMED: {
    meaning: "A line of a watch is not a watch event.",
    remedy: "Not from a Kubernetes API server: check what answers at this address.",
  },
  KOPF_WATCH_SILENT: {
    meaning: "Neither events nor bookmarks arrived within the inactivity limit.",
    remedy: "Nothing to do: it is begun again. If it lasts, something in between buffers or drops the stream.",
  },
} as const satisfies Record<string, { readonly meaning: string; readonly remedy: string }>;

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
