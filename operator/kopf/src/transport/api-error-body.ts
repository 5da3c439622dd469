/**
 * Reads what the API server says when it refuses. Usually a Status object; but proxies and load balancers on the way
 * answer in HTML, and that text is worth keeping too.
 */
import type { Dispatcher } from "undici";
import { ApiError, type StatusDetails } from "../errors.js";

/** The fields of a Kubernetes Status that matter here. */
export interface Status {
  readonly kind: "Status";
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

/** Enough to recognise a proxy's error page, not enough to flood a log. */
const longestExcerpt = 500;

/** `what` says which request it was; `retryAfterMs` comes from the header. */
export async function readApiError(response: Dispatcher.ResponseData, what: string, retryAfterMs: number | undefined): Promise<ApiError> {
  const text = await response.body.text().catch(() => "");
  const status = parseStatus(text);
  const said = status?.message ?? text.slice(0, longestExcerpt).trim();
  return new ApiError(`${what}: ${response.statusCode} ${said}`, {
    status: response.statusCode,
    reason: status?.reason ?? "",
    details: status?.details,
    retryAfterMs,
  });
}

/** An ApiError from the Status inside a watch. */
export function apiErrorOfStatus(status: Status, what: string): ApiError {
  const seconds = status.details?.retryAfterSeconds;
  return new ApiError(`${what}: ${status.code ?? 500} ${status.message ?? ""}`.trim(), {
    status: status.code ?? 500,
    reason: status.reason ?? "",
    details: status.details,
    retryAfterMs: seconds === undefined ? undefined : seconds * 1000,
  });
}

export function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}

function parseStatus(text: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: the excerpt has to do
  }
}
