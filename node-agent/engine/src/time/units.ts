/**
 * How time is written down here. Absolute time is a branded bigint or a (seconds, nanoseconds) pair, never a float: a double
 * resolves 2026 to 256 ns. Differences are plain numbers with their unit in the type's name, because every sum of them is
 * arithmetic and brands would only be cast away.
 */

declare const timescale: unique symbol;

/** Nanoseconds since 1970-01-01T00:00:00 TAI. */
export type Tai = bigint & { readonly [timescale]: "TAI" };
/** Nanoseconds since 1970-01-01T00:00:00 UTC, leap seconds not counted (POSIX). */
export type Utc = bigint & { readonly [timescale]: "UTC" };

/** A difference of two instants, ns. */
export type Nanoseconds = number;
/** A frequency error or command, parts per billion; positive: the local clock runs fast, or is made to. */
export type Ppb = number;
/**
 * Raw time of a clock: seconds of its own oscillator, untouched by steering (CLOCK_MONOTONIC_RAW for the system clock).
 * Only differences mean anything; 1 ns survives in a double for 100 days.
 */
export type Raw = number;

/** An instant as wire formats and the kernel give it: exact at any date. */
export interface Instant {
  /** Whole seconds of the epoch in use, 0 … 2^48. */
  readonly seconds: number;
  /** 0 … 999,999,999. */
  readonly nanoseconds: number;
}

/** a − b in ns; exact to 1 ns while they are less than 104 days apart, to 2^-53 relative beyond. */
export function subtractInstants(a: Instant, b: Instant): Nanoseconds {
  return (a.seconds - b.seconds) * 1e9 + (a.nanoseconds - b.nanoseconds);
}
