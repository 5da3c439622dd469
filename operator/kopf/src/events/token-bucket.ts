/** So many at once, and then so many per time. */
import type { Clock } from "../clock/clock.js";

export interface TokenBucket {
  /** Takes a token if there is one. */
  take(): boolean;
  /** Milliseconds until there is one; 0: now. */
  waitMs(): number;
}

export interface BucketSize {
  /** Tokens of a full bucket, as which it begins. */
  readonly burst: number;
  readonly msPerToken: number;
}

export function createTokenBucket(clock: Clock, { burst, msPerToken }: BucketSize): TokenBucket {
  let tokens = burst;
  let filledAt = clock.now();
  const fill = (): void => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + (now - filledAt) / msPerToken);
    filledAt = now;
  };
  return {
    take() {
      fill();
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
    waitMs() {
      fill();
      return tokens >= 1 ? 0 : (1 - tokens) * msPerToken;
    },
  };
}
