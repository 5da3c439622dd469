/**
 * When a request may be sent again, as a pure decision. Only what the server certainly did not execute, or what changes
 * nothing, is repeated here; everything else is the reconcile's to repeat, since it looks at the world first.
 */

export interface Attempt {
  /** 0 for the first. */
  readonly number: number;
  /** Executing it twice changes nothing. */
  readonly readsOnly: boolean;
  /** Who asks repeats by itself, with a back-off of its own: a watch. Two patiences on top of each other multiply. */
  readonly callerRetries: boolean;
  /** HTTP status; undefined when the connection failed before a response. */
  readonly status: number | undefined;
  /** What the server asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Time left within the limit of the verb, milliseconds. */
  readonly remainingMs: number;
}

export type RetryDecision = { readonly kind: "give-up" } | { readonly kind: "retry"; readonly afterMs: number };

const maxRetries = 4;
const firstDelayMs = 200;

/** `random` uniform in [0, 1) spreads clients that were turned away together. */
export function decideRetry(attempt: Attempt, random: number): RetryDecision {
  if (attempt.callerRetries || attempt.number >= maxRetries || !mayRepeat(attempt)) return { kind: "give-up" };
  const backOffMs = firstDelayMs * 2 ** attempt.number * (0.5 + random);
  // Never earlier than asked; up to a quarter later, so that not everybody returns in the same instant.
  const afterMs = attempt.retryAfterMs === undefined ? backOffMs : attempt.retryAfterMs * (1 + random / 4);
  // Better the server's own word (429) now than a time-out of ours later.
  return afterMs >= attempt.remainingMs ? { kind: "give-up" } : { kind: "retry", afterMs };
}

function mayRepeat({ status, readsOnly, retryAfterMs, number }: Attempt): boolean {
  switch (status) {
    case 429: // flow control turned it away before execution
      return true;
    case 503: // with Retry-After the server says "not now", without it may have died halfway
      return readsOnly || retryAfterMs !== undefined;
    case undefined: // usually an idle connection that the server closed at the moment we used it; once is enough to know
      return readsOnly && number === 0;
    default:
      return false;
  }
}

/** RFC 9110 10.2.3: seconds or an HTTP date; undefined for anything else. */
export function parseRetryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
