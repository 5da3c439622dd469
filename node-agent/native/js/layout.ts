/**
 * Memory layouts that JavaScript and Rust share. The Rust side states the same numbers in src/layout.rs; a test compares both
 * through `recordLayout()`, because a silent shift of four bytes would corrupt every time stamp.
 */

/** The ring of a `Port` or `DatagramSocket`: a header, then `slots` records of `slotBytes` each. The producer (native) advances head, the consumer tail; both wrap at 2^32. */
export const ringLayout = {
  headerBytes: 64,
  slots: 256,
  slotBytes: 512,
  /** u32 indexes in the header. `dropped` counts records lost because the consumer was too slow. */
  head: 0,
  tail: 1,
  dropped: 2,
} as const;

/** One record. Offsets in bytes from its start; every f64 is aligned to 8. */
export const slotLayout = {
  /** u32: 1 received, 2 transmit stamp, 3 socket error (`key` holds the errno). */
  kind: 0,
  /** u32: 0 event socket (319) or DatagramSocket, 1 general socket (320). */
  socket: 4,
  /** u32: payload octets as sent by the peer; larger than `payloadBytes` when the datagram was cut. */
  length: 8,
  /** u32: the key that was given to sendEvent or send. */
  key: 12,
  /** f64 seconds and u32 nanoseconds of the stamp on the owner's clock; seconds 0: the kernel gave no stamp. */
  seconds: 16,
  nanoseconds: 24,
  /** u32: interface index where the packet came in. */
  interfaceIndex: 28,
  /** u32 in network order, u32 port. */
  sourceAddress: 32,
  sourcePort: 36,
  /** u32: nanoseconds between the kernel's stamp and our reading it, saturating. */
  latency: 40,
  /** f64: the clock's raw time at the stamp, s. */
  raw: 48,
  /** f64: what steering had done to the clock by then, ns (clock reading minus raw reading, from a fixed start). */
  steering: 56,
  payload: 64,
  payloadBytes: 448,
} as const;

export const recordKind = { received: 1, transmitStamp: 2, error: 3 } as const;

/** Indexes into the Float64Array that `Clock.read` fills. */
export const clockReading = {
  seconds: 0,
  nanoseconds: 1,
  /** Raw time of this clock's oscillator, s; steering does not touch it. */
  raw: 2,
  /** ns that steering has added so far: clock − raw, counted from when this handle was opened. */
  steering: 3,
  /** Frequency command now in force, ppb. */
  frequency: 4,
  /** +1 per step by anyone. */
  era: 5,
  length: 6,
} as const;

/** Indexes into the Float64Array that `TruthReader.read` fills: everything as of one instant. */
export const truthReading = {
  /** clock − truth, ns. */
  trueError: 0,
  /** ns, already grown to this instant; NaN while void. */
  calibratedBound: 1,
  guaranteedBound: 2,
  /** Seconds since the page was written. */
  age: 3,
  era: 4,
  length: 5,
} as const;

/** Indexes into the Float64Array that `ClockReader.read` fills. */
export const intervalReading = {
  /** Of CLOCK_REALTIME; NaN while void. */
  earliestSeconds: 0,
  earliestNanoseconds: 1,
  latestSeconds: 2,
  latestNanoseconds: 3,
  /** ClockBound's word: 1 synchronized, 2 free running; 0: void, nothing is known. */
  status: 4,
  length: 5,
} as const;

/** Indexes into the Float64Array that `Clock.sampleOffset` fills. */
export const offsetSample = {
  /** Clock − CLOCK_REALTIME: whole seconds, rounded down, and the rest in ns. */
  offsetSeconds: 0,
  offsetNanoseconds: 1,
  /** What that may be off by, ns, whatever the device took between the two system times. */
  halfWidth: 2,
  /** When: CLOCK_REALTIME, */
  systemSeconds: 3,
  systemNanoseconds: 4,
  /** CLOCK_MONOTONIC_RAW, s, */
  systemRaw: 5,
  /** and the clock's own raw time, s. */
  raw: 6,
  /** One of offsetMethod. */
  method: 7,
  length: 8,
} as const;

/** How `Clock.sampleOffset` compared, best first: by hardware, around the register, around the driver's call, around ours. */
export const offsetMethod = { precise: 1, extended: 2, alternating: 3, sandwich: 4 } as const;
