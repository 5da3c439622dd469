/**
 * The native module: sockets with kernel time stamps, clocks and their executor, shared pages, timers. Hand-written; a test
 * compares the exported names with the addon's. Set-up calls are ordinary methods; `read`, `sendEvent` and the like are raw
 * Node-API functions because they run once per packet or more (8 ns a call against 270 ns).
 *
 * Errors: every call that fails throws an Error whose `code` is the errno name (`EADDRINUSE`, `EPERM`, …) or a `MER_NATIVE_…`
 * code, and whose `syscall` names what failed. A panic never crosses into JavaScript: it becomes `MER_NATIVE_PANIC`.
 *
 * Signs: offset = local − reference; a positive ppb makes the clock faster. Raw time is seconds of the clock's own oscillator,
 * untouched by steering.
 */

/**
 * How `Clock.open` gets a clock: `virtual:<file>` (made by createVirtualClock), `realtime:` (CLOCK_REALTIME; raw time is
 * CLOCK_MONOTONIC_RAW) or `phc:<device>` (a PTP hardware clock, "phc:/dev/ptp0"; raw time is its own less what steering has added).
 */
export type ClockUri = string;

export interface VirtualClockOptions {
  /** How long the simulated oscillator lasts, s. */
  readonly seconds: number;
  readonly seed: number;
  /** Initial clock − truth, ns. */
  readonly offsetNs: number;
  /** Frequency error of the oscillator, ppb, positive: fast. */
  readonly frequencyPpb: number;
  /** Random-walk FM, ppb per √s. */
  readonly wanderPpb: number;
  /** Amplitude of a slow sine (period 1800 s), ppb. */
  readonly sinePpb: number;
}

/**
 * Makes a clock for labs and tests: a file that holds a simulated oscillator on top of CLOCK_REALTIME (the domain of kernel
 * socket stamps, so conversion is exact) and a ring of adjustments. CLOCK_REALTIME itself is the truth. Replaces the file.
 */
export function createVirtualClock(path: string, options: VirtualClockOptions): void;

/** What another program does to a clock that is not its own. */
export interface ClockDisturbance {
  /** Added to the clock, ns; era + 1. */
  readonly stepNs?: number;
  /** Frequency in force from now on, ppb, −1e8 … 1e8. The owner's next command, or the end of its slew, replaces it. */
  readonly frequencyPpb?: number;
}

/** For labs and tests: does both to a virtual clock at once, past the lock of whoever steers it. @throws ENOENT, MER_NATIVE_FORMAT, MER_NATIVE_ARGUMENT */
export function disturbVirtualClock(path: string, change: ClockDisturbance): void;

export interface ClockOptions {
  /**
   * Takes the clock's lock; a second owner gets EWOULDBLOCK with the first one's pid in the message. Kernel clocks are locked per
   * network namespace: agents of the host's network exclude each other in whatever containers they are.
   * Throws EPERM for `realtime:` without CAP_SYS_TIME, EACCES for a `phc:` whose device may not be written, MER_NATIVE_NOT_STEERABLE
   * for one that cannot be adjusted; each can still be opened for reading.
   */
  readonly steer: boolean;
}

/** What the kernel is to say of CLOCK_REALTIME (adjtimex). */
export interface KernelStatus {
  /** false: STA_UNSYNC. While true the kernel writes the time into the RTC every 11 minutes by itself (CONFIG_RTC_SYSTOHC). */
  readonly synchronized: boolean;
  /**
   * ≥ 0, ns; rounded up to µs, at most 16 s. The kernel adds 500 ppm to the former at every second, and declares the clock
   * unsynchronized at 16 s.
   */
  readonly maxErrorNs: number;
  readonly estErrorNs: number;
  /** TAI − UTC, s, 0 … 100 000; absent: as it is. */
  readonly taiOffsetSeconds?: number;
  /** The kernel inserts (1) or deletes (−1) a second at the end of this UTC day, by itself. */
  readonly leap: -1 | 0 | 1;
}

/**
 * A clock that packets are stamped with. `close()` ends its executor and leaves the last `then` frequency in force.
 *
 * Opening a kernel clock changes nothing. The first command, step or status of `realtime:` takes it over: the kernel's PLL, FLL and PPS
 * loops and the rest of an adjtime(3) are ended.
 */
export class Clock {
  static open(uri: ClockUri, options: ClockOptions): Clock;
  readonly uri: ClockUri;
  /** false: command and step throw MER_NATIVE_NOT_STEERABLE. */
  readonly steerable: boolean;
  /** Raw function. Fills `out` as js/layout.ts `clockReading` says. */
  readonly read: (out: Float64Array) => void;
  /**
   * Frequency `ppb` now, `thenPpb` from raw time `untilRaw` on: executed by a native thread, so that a slew ends although
   * JavaScript is stalled. A newer command replaces an unfinished one. Returns the raw time at which `ppb` took effect.
   *
   * −1e8 … 1e8. `realtime:` has units of 0.015 ppb, and beyond ±500 ppm a tick of another length (in steps of 100 ppm) with the rest as
   * frequency. `phc:` takes what its driver says (ERANGE beyond), and most drivers round that without a word.
   */
  command(ppb: number, untilRaw: number, thenPpb: number): number;
  /** Adds `ns` to the clock at once; era + 1. CLOCK_REALTIME becomes unsynchronized to the kernel (setKernelStatus). */
  step(ns: number): void;
  /** For `realtime:` that is steered; nothing for other clocks, of which the kernel says nothing. @throws MER_NATIVE_NOT_STEERABLE, EPERM */
  setKernelStatus(status: KernelStatus): void;
  /**
   * Raw function, for `phc:` only (MER_NATIVE_ARGUMENT else): compares it with CLOCK_REALTIME `count` (1 … 25) times, by the best way that
   * its driver has, and fills `out` with the narrowest as js/layout.ts `offsetSample` says. @throws EAGAIN, ENODEV, EBUSY …
   */
  readonly sampleOffset: (count: number, out: Float64Array) => void;
  close(): void;
}

/** A PTP hardware clock of this host. */
export interface PhcDescription {
  /** "/dev/ptp0". */
  readonly device: string;
  /** As its driver calls it. */
  readonly name: string;
  /** `Kvm`, `HyperV`, `VmClock`, `Vmware`: the hypervisor's time; `Ena`: of Amazon's interface; `Nic`: of another interface. */
  readonly kind: "Nic" | "Kvm" | "Ena" | "HyperV" | "VmClock" | "Vmware" | "Other";
  /** 0: its frequency cannot be adjusted. */
  readonly maxAdjustmentPpb: number;
  /** Compares itself with the system's clock by hardware; false also where the device may not be opened. */
  readonly crossTimestamp: boolean;
}

/** @param index N of /dev/ptpN, 0 … 255. @param root in tests: where /sys/class/ptp is. @throws ENOENT when there is none */
export function describePhc(index: number, root?: string): PhcDescription;

export interface PortOptions {
  readonly interfaceName: string;
  readonly clock: Clock;
  /** 319 and 320; other ports only in tests. */
  readonly eventPort: number;
  readonly generalPort: number;
  /** DSCP 0..63 on what is sent. */
  readonly dscp: number;
  readonly receiveBufferBytes: number;
  /**
   * `lazy`: poll the general socket only and drain the event socket with it (two-step timeReceivers: nothing on the event
   * socket needs an answer). `always`: poll both (timeTransmitters must answer Delay_Req).
   */
  readonly eventPoll: "lazy" | "always";
}

/** UDPv4 multicast port of one interface with kernel time stamps (IEEE 1588-2019 Annex C). Both sockets belong to us alone: EADDRINUSE when another program holds one. */
export class Port {
  /** `onReady` runs on the JavaScript thread, once per batch of records. */
  constructor(options: PortOptions, onReady: () => void);
  /** Layout: js/layout.ts `ringLayout`, `slotLayout`. */
  readonly ring: ArrayBuffer;
  readonly interfaceIndex: number;
  /** EUI-48 of the interface. */
  readonly hardwareAddress: Uint8Array;
  /** Raw function: to 224.0.1.129:319; the transmit stamp arrives with `key`. Returns 0 or an errno. */
  readonly sendEvent: (message: Uint8Array, length: number, key: number) => number;
  /** Raw function: to 224.0.1.129:320. Returns 0 or an errno. */
  readonly sendGeneral: (message: Uint8Array, length: number) => number;
  /** "never": nothing is reported, packets wait in the sockets until drain(); they are stamped already. */
  setEventPoll(mode: "never" | "lazy" | "always"): void;
  /** Reads the sockets now; returns the number of new records. */
  drain(): number;
  /** [packets, wake-ups, transmit stamps, drops because the ring was full, send errors]. */
  statistics(): number[];
  close(): void;
}

export interface SyncProgramOptions {
  readonly interfaceName: string;
  readonly clock: Clock;
  readonly eventPort: number;
  readonly generalPort: number;
  readonly dscp: number;
  /** Sync and Follow_Up as 44 octets each; native fills sequenceId and preciseOriginTimestamp. */
  readonly sync: Uint8Array;
  readonly followUp: Uint8Array;
  /** log2 of the interval in s, −7 … 1. */
  readonly logInterval: number;
  /** Added to the clock's seconds in preciseOriginTimestamp: TAI − UTC for a UTC clock. */
  readonly labelOffsetSeconds: number;
}

/** Sends Sync and Follow_Up from a native thread (timerfd, SCHED_FIFO where allowed), whatever JavaScript does. Its sockets only send. */
export class SyncProgram {
  constructor(options: SyncProgramOptions);
  /** Replaces templates, interval and label offset between two Syncs. */
  update(sync: Uint8Array, followUp: Uint8Array, logInterval: number, labelOffsetSeconds: number): void;
  /** [Syncs sent, Follow_Ups sent, missing transmit stamps, send errors, largest lateness in ns]. */
  statistics(): number[];
  close(): void;
}

export interface DatagramSocketOptions {
  /** IPv4 of the only peer, dotted, and its UDP port. */
  readonly address: string;
  readonly udpPort: number;
  readonly clock: Clock;
  /** DSCP 0..63 on what is sent. */
  readonly dscp: number;
  readonly receiveBufferBytes: number;
}

/**
 * A connected UDPv4 socket with kernel time stamps both ways, from an ephemeral port: an NTP client's. Each gets its own, so that no
 * reply can be mistaken. The constructor throws ENETUNREACH where there is no route. The kernel may leave out the receive stamps of
 * the first datagrams after the first stamped socket of a host was opened.
 */
export class DatagramSocket {
  /** `onReady` runs on the JavaScript thread, once per batch of records. */
  constructor(options: DatagramSocketOptions, onReady: () => void);
  /** Layout: js/layout.ts `ringLayout`, `slotLayout`; `socket` is 0. ICMP errors arrive as error records (ECONNREFUSED, EHOSTUNREACH …). */
  readonly ring: ArrayBuffer;
  /** IPv4 that we send from, dotted. */
  readonly localAddress: string;
  /** Raw function: to the peer; the transmit stamp arrives with `key`. Returns 0 or an errno. */
  readonly send: (message: Uint8Array, length: number, key: number) => number;
  /** Reads the socket now; returns the number of new records. */
  drain(): number;
  /** [packets, wake-ups, transmit stamps, drops because the ring was full, send errors]. */
  statistics(): number[];
  close(): void;
}

export interface NtpServerOptions {
  readonly clock: Clock;
  readonly udpPort: number;
  /** 1 … 32 IPv4 networks that are answered, each as "10.0.0.0/8" (bits beyond the prefix do not count); others get no answer at all. */
  readonly allowed: readonly string[];
  readonly receiveBufferBytes: number;
}

/**
 * Answers NTP clients (modes 3 and 4, RFC 5905; interleaved, RFC 9769) from a native thread, whatever JavaScript does: receive
 * stamps are the kernel's, transmit stamps are read just before sending, or the kernel's in the interleaved mode. Always 48 octets,
 * never an answer to anything but mode 3 of versions 1 to 4: extension fields and MACs are not looked at.
 *
 * Each address gets 64 answers at once and 32 a second; over that it is met with silence (no kiss of death, which a forger could
 * provoke). An interleaved client gets its first interleaved answer in its third exchange; eight answers are remembered for each
 * address. All tables have a fixed size.
 */
export class NtpServer {
  /** Begins to listen at once; until the first setTemplate it answers as unsynchronized. */
  constructor(options: NtpServerOptions);
  /**
   * What is said of the clock: 48 octets, mode 4; native fills version, poll, origin, receive and transmit. Root dispersion grows by
   * `growthPpb` (0 … 1e9), rounded up, and is as of `ageSeconds` ago (0 … 1e8). After `validSeconds` (0 … 1e8) from then on without a new template, from a step of the clock on until the
   * next one, and with a template of leap 3 or of a stratum that is not 1 … 15, answers say that the clock is unsynchronized: leap 3,
   * stratum 16 (which is 0 on the wire, RFC 5905 7.3), root dispersion 16 s, and reference id 0, so that nobody reads a kiss of death.
   */
  setTemplate(template: Uint8Array, growthPpb: number, validSeconds: number, ageSeconds: number): void;
  /** [answers, of them interleaved, not allowed, malformed, rate-limited, send errors]. */
  statistics(): number[];
  close(): void;
}

/** A one-shot timer on the event loop (timerfd: never early, unlike setTimeout). */
export class FdTimer {
  constructor(onTick: () => void);
  /** Fires once after `delayNs` (≥ 0); replaces an earlier arm. */
  arm(delayNs: number): void;
  disarm(): void;
  close(): void;
}

export interface PageState {
  /** Error bound that holds without statistics, ns; NaN: void. This is what ClockBound readers see. */
  readonly guaranteedNs: number;
  /** How fast it grows, ppb. */
  readonly guaranteedGrowthPpb: number;
  /** Statistical bound, ns; NaN: void. */
  readonly calibratedNs: number;
  readonly calibratedGrowthPpb: number;
  /** Readers treat the page as void this long after publication, s. */
  readonly voidAfterSeconds: number;
  /** ClockBound status: 0 unknown, 1 synchronized, 2 free running, 3 disrupted. */
  readonly status: 0 | 1 | 2 | 3;
  /** ClockBound disruption marker; ours counts eras. */
  readonly era: number;
}

/**
 * `meridian`: ClockBound's layout 2 (80 octets), then our extension from octet 80 on. `clockbound1`: `…/shm` of its clients 1.x.
 * `clockbound2`: `…/shm0` of 2.x. `clockbound3`: `…/shm1` of 3.x, which state a time and the period of the CPU's counter; void where the
 * kernel itself does not count by it (x86: clock source tsc, invariant), and for the first publication of an era.
 */
export type PageLayout = "meridian" | "clockbound1" | "clockbound2" | "clockbound3";

export interface PageOptions {
  readonly layout: PageLayout;
  /** Whose errors are stated: what is published for another era than its own is void. */
  readonly clock: Clock;
  /** What others may do to the clock's frequency without a word from us, ppb: 0 for a clock that we steer. Layout 3 projects it. */
  readonly steeringPpb: number;
}

/**
 * Writer of a clock page, with a seqlock at octet 14 in every layout. Written in place; readers keep their mapping. Bounds are rounded so
 * that no reader's arithmetic falls short of them; one that lives below 5 s is dated back, since clients 1.x and 2.x believe a status
 * that long. ClockBound's layouts 1 and 2 are about CLOCK_REALTIME, whatever clock is given.
 */
export class ClockPage {
  /** Without options: layout `meridian`, of no clock. @throws MER_NATIVE_FORMAT where another kind of file is */
  constructor(path: string, options?: PageOptions);
  publish(state: PageState): void;
  close(): void;
}

export interface DisruptionWatchOptions {
  readonly clock: Clock;
  /** At most 16. */
  readonly pages: readonly ClockPage[];
  /** A hypervisor's VMClock (/dev/vmclock0); none there: nothing is asked. @throws MER_NATIVE_FORMAT where another kind of file is */
  readonly vmClockPath: string;
}

/**
 * Voids pages (status 3, no bound) from a native thread when their clock is no longer what they say, then tells JavaScript: a step by
 * anybody else, a suspend of the host, or a disruption that the hypervisor reports, upon which the clock's era goes up by one as well.
 * Steps of a PHC are not seen here but by the next reading.
 */
export class DisruptionWatch {
  /** `onDisruption` runs on the JavaScript thread, once for whatever has come together. */
  constructor(options: DisruptionWatchOptions, onDisruption: () => void);
  /** Before a step of our own: voids the pages, and what the clock does until endStep is no disruption. */
  beginStep(): void;
  /** @param byNs what the clock was stepped by, 0: it was not. Anything else that happened meanwhile is a disruption. */
  endStep(byNs: number): void;
  /** [steps by others, suspends, disruptions of the machine, times that this process stood still for above 1 s]. */
  statistics(): number[];
  close(): void;
}

/** What programs on the node ask for: the interval of CLOCK_REALTIME that contains true time now. For the kernel's clock only. */
export class ClockReader {
  /** @param bound which of the page's two; see docs/concepts/bound.md */
  constructor(pagePath: string, bound: "Calibrated" | "Guaranteed");
  /** Raw function. Fills `out` as js/layout.ts `intervalReading` says. */
  readonly read: (out: Float64Array) => void;
  close(): void;
}

/** For labs: a virtual clock's true error and its node's published bounds at one instant. */
export class TruthReader {
  constructor(clockPath: string, pagePath: string);
  /** Raw function. Fills `out` as js/layout.ts `truthReading` says. */
  readonly read: (out: Float64Array) => void;
  close(): void;
}

export interface TimestampingCapabilities {
  readonly hardware: boolean;
  readonly softwareTransmit: boolean;
  readonly softwareReceive: boolean;
  /** N of the /dev/ptpN that it stamps with; −1: none. */
  readonly phcIndex: number;
  /** A bit for each: 0 off, 1 on, 2 one-step Sync, 3 one-step peer delay (HWTSTAMP_TX_*). */
  readonly transmitTypes: number;
  /** A bit for each HWTSTAMP_FILTER_*: 0 none, 1 all, 6 PTPv2 events over UDP, 9 over Ethernet, 12 over either. */
  readonly receiveFilters: number;
  /** How the kernel was asked: generic netlink (Linux 5.6 or later), or the ioctl. */
  readonly source: "Netlink" | "Ioctl";
}

/** What the driver of an interface offers. @throws ENODEV, EOPNOTSUPP */
export function readTimestampingCapabilities(interfaceName: string): TimestampingCapabilities;

/** CLOCK_MONOTONIC_RAW of the host, s. */
export function readRawSeconds(): number;

/** Gives start-up memory back: allocator arenas and clean file pages. Returns kB dropped from RSS (they fault back when used). */
export function trimMemory(): number;

/** The layout constants as the Rust side has them, flat: for the test that compares them with js/layout.ts. */
export function recordLayout(): Record<string, number>;
