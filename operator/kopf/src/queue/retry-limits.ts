/**
 * How long a failed key waits: the longer the more often it failed, and all together never faster than the bucket, so that
 * a thousand objects that fail for one reason do not become a thousand requests per second. Changes never pass here.
 */
import type { Clock } from "../clock/clock.js";

export interface RetryLimits {
  /** Counts one more failure of `key`; milliseconds to wait. */
  nextDelayMs(key: string): number;
  /** The key succeeded: its next failure is its first. */
  forget(key: string): void;
}

const firstDelayMs = 5;
const longestDelayMs = 60_000;
const tokensPerMs = 10 / 1000;
const burst = 100;

export function createRetryLimits(clock: Clock): RetryLimits {
  const failures = new Map<string, number>();
  let tokens = burst;
  let filledAt = clock.now();

  /** Takes a token now and says when it will exist: waiting turns are served in order. */
  const reserveMs = (): number => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + (now - filledAt) * tokensPerMs) - 1;
    filledAt = now;
    return tokens >= 0 ? 0 : -tokens / tokensPerMs;
  };

  return {
    nextDelayMs(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      return Math.max(Math.min(firstDelayMs * 2 ** count, longestDelayMs), reserveMs());
    },
    forget: (key) => void failures.delete(key),
  };
}
