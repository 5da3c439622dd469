/**
 * NTP timestamps (RFC 5905 6): 32 bits of seconds since 1900, 32 bits of fraction. The era is not on the wire, so it is chosen here:
 * not the one nearest to the local clock, which may stand in 1970 or ten years ahead when it is asked, but the one in which no
 * label is older than this software.
 */
import type { Instant, Nanoseconds } from "../../time/units.js";

/** 64 bits as two unsigned words. */
export interface NtpTimestamp {
  /** Seconds since 1900-01-01, modulo 2^32. */
  readonly high: number;
  /** 2^-32 s. */
  readonly low: number;
}

export const zeroTimestamp: NtpTimestamp = { high: 0, low: 0 };

/** POSIX second 0 in seconds since 1900. */
const posixEpoch = 2_208_988_800;
const eraSeconds = 0x1_0000_0000;
const fractions = 0x1_0000_0000;
/** 2024-01-01: labels are read as what lies in the 136 years from here on, until 2160. */
const pivotSeconds = Date.UTC(2024, 0, 1) / 1000;

/** POSIX seconds in pivot … pivot + 2^32 s; rounded to 1 ns. */
export function instantOf({ high, low }: NtpTimestamp): Instant {
  const inFirstEra = high - posixEpoch;
  const era = Math.ceil((pivotSeconds - inFirstEra) / eraSeconds);
  const nanoseconds = Math.round((low / fractions) * 1e9);
  const carry = nanoseconds === 1e9 ? 1 : 0;
  return { seconds: inFirstEra + era * eraSeconds + carry, nanoseconds: carry === 1 ? 0 : nanoseconds };
}

/** Of any POSIX instant; its era is lost. instantOf() gives it back, to the nanosecond, from 2024 until 2160. */
export function timestampOf({ seconds, nanoseconds }: Instant): NtpTimestamp {
  const since1900 = seconds + posixEpoch;
  return { high: since1900 - Math.floor(since1900 / eraSeconds) * eraSeconds, low: Math.round((nanoseconds / 1e9) * fractions) };
}

export function isSameTimestamp(a: NtpTimestamp, b: NtpTimestamp): boolean {
  return a.high === b.high && a.low === b.low;
}

/** 0 means that there is none (RFC 5905 6). */
export function isZeroTimestamp({ high, low }: NtpTimestamp): boolean {
  return high === 0 && low === 0;
}

/** ns of one unit of the 16.16 short format; exact in a double. */
const shortUnit = 1e9 / 0x1_0000;

/** Of an unsigned 16.16 number of seconds, exact. */
export function nanosecondsOfShort(short: number): Nanoseconds {
  return short * shortUnit;
}

/** Rounded up, because errors are told in it; 18.2 h and more are told as the largest number. `nanoseconds` ≥ 0. */
export function shortOfNanoseconds(nanoseconds: Nanoseconds): number {
  return Math.min(0xffff_ffff, Math.ceil(nanoseconds / shortUnit));
}
