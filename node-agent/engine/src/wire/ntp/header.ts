/** The NTP header as a value: RFC 5905 7.3. */
import type { Nanoseconds } from "../../time/units.js";
import type { NtpTimestamp } from "./timestamp.js";

export const headerOctets = 48;

/** leap, RFC 5905 figure 9. */
export const leapIndicator = { none: 0, last61: 1, last59: 2, unsynchronized: 3 } as const;

/** mode, RFC 5905 figure 10. */
export const mode = { client: 3, server: 4 } as const;

/** stratum of a server that says that it is not synchronized; 0 is a kiss of death. */
export const unsynchronizedStratum = 16;

export interface NtpHeader {
  /** 0 … 3. */
  readonly leap: number;
  /** 0 … 7. */
  readonly version: number;
  /** 0 … 7. */
  readonly mode: number;
  /** 0 … 255. */
  readonly stratum: number;
  /** log2 s, −128 … 127. */
  readonly poll: number;
  readonly precision: number;
  /** 0 … 2^16 s, in steps of 2^-16 s; encoding rounds up. */
  readonly rootDelay: Nanoseconds;
  readonly rootDispersion: Nanoseconds;
  /** 32 bits, see reference-id.ts. */
  readonly referenceId: number;
  readonly reference: NtpTimestamp;
  readonly origin: NtpTimestamp;
  readonly receive: NtpTimestamp;
  readonly transmit: NtpTimestamp;
}
