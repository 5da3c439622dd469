/** NTP as a ClockProfile means it: there are no bases, so one set of numbers stands for whoever sets none. */
import type { Range } from "./bases.js";

/** Everything is set, and the shortest interval does not exceed the longest. */
export interface ResolvedNtp {
  /** log2 s, −4 … 17. */
  readonly log2MinPollInterval: number;
  /** log2 s, −4 … 17. */
  readonly log2MaxPollInterval: number;
  /** RFC 9769. */
  readonly interleaved: boolean;
}

/** RFC 5905 7.2 ends at 2¹⁷ s; faster than 16/s would be a flood. */
export const pollIntervalRange: Range = { minimum: -4, maximum: 17 };

/**
 * 16 s to 64 s: our estimator gains from every sample, and a thousand nodes ask a server 63 times a second. Whoever asks servers of
 * others with many nodes sets 6 and 10, which is what NTP daemons begin with.
 */
export const defaultNtp: ResolvedNtp = { log2MinPollInterval: 4, log2MaxPollInterval: 6, interleaved: true };

/** One limit alone moves the other, so that no order of two edits is refused. @param spec as the user wrote it */
export function resolveNtp(spec: Partial<ResolvedNtp> = {}): ResolvedNtp {
  const { log2MinPollInterval: shortest, log2MaxPollInterval: longest, interleaved } = spec;
  return {
    log2MinPollInterval: shortest ?? Math.min(defaultNtp.log2MinPollInterval, longest ?? defaultNtp.log2MaxPollInterval),
    log2MaxPollInterval: longest ?? Math.max(defaultNtp.log2MaxPollInterval, shortest ?? defaultNtp.log2MinPollInterval),
    interleaved: interleaved ?? defaultNtp.interleaved,
  };
}
