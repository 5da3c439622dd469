/**
 * A computer for unit tests: its time moves only when the test says so, its clocks, interfaces and pages are in memory, and
 * whatever a test wants to go wrong does. Deterministic: no sockets, no threads, no time of the host.
 */
import type {
  Clock,
  ClockPage,
  KernelStatus,
  PageState,
  PhcDescription,
  TimestampingCapabilities,
  VirtualClockOptions,
} from "../../index.js";
import { ClockFile } from "./clock-file.js";
import type { ClockView } from "./fake-clock.js";
import type { FakeNetwork } from "./fake-network.js";
import { FakeUnicast } from "./fake-unicast.js";
import { FaultPlan } from "./fault-plan.js";
import { demandInteger, type ErrnoName, nativeError, systemError } from "./native-error.js";
import { Schedule } from "./schedule.js";

/** CLOCK_MONOTONIC_RAW at the start, s. */
const uptime = 5000;
const perfect = { seconds: 1, seed: 0, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };

/** A clock as ports see it: they go on with it when its handle is closed. */
export interface StampSource {
  isClosed(): boolean;
  /** Steps so far. */
  era(): number;
  /** @param at ns since the machine's start */
  at(at: number): ClockView;
  /** `tell` is called at each step, by whomever. @returns how to end that */
  watch(tell: () => void): () => void;
}

export interface FakeInterface {
  readonly name: string;
  readonly index: number;
  readonly network: FakeNetwork;
  /** IPv4, four octets. */
  readonly address: readonly number[];
  readonly hardwareAddress: Uint8Array;
}

export interface FakePage {
  state: PageState | null;
  /** ns since the machine's start. */
  publishedAt: number;
}

interface ErrorTaker {
  readonly name: string;
  readonly take: (errno: ErrnoName) => void;
}

export class FakeMachine {
  readonly faults = new FaultPlan();
  readonly schedule = new Schedule();
  /** What its DatagramSockets and NtpServers are connected to. */
  readonly unicast = new FakeUnicast(this.schedule, (address) => this.#isOwn(address));
  readonly pages = new Map<string, FakePage>();
  /** UDP ports in use by a Port, as "interface:port", and by an NtpServer, as "0.0.0.0:port". */
  readonly reserved = new Set<string>();
  /** CAP_SYS_TIME: whether `realtime:` can be steered. */
  mayAdjustClock = false;
  /** What setKernelStatus said last. */
  kernelStatus: KernelStatus | null = null;
  /** CLOCK_REALTIME. */
  readonly kernelClock = new ClockFile(this.schedule, perfect, uptime);
  /** PTP hardware clocks by index. */
  readonly phcs = new Map<number, PhcDescription>();
  readonly #files = new Map<string, ClockFile>();
  readonly #clocks = new WeakMap<Clock, StampSource>();
  readonly #disrupt = new WeakMap<ClockPage, () => void>();
  readonly #interfaces = new Map<string, FakeInterface>();
  readonly #errorTakers = new Set<ErrorTaker>();
  #made = 0;

  /** ns since its start. */
  get now(): number {
    return this.schedule.now;
  }

  /** Time passes, and everything that is due happens. */
  advance(seconds: number): void {
    this.schedule.runUntil(this.now + Math.round(seconds * 1e9), false);
  }

  /** Time passes while JavaScript is stuck; the timers and ports that waited get their turn at the next advance(). */
  stall(seconds: number): void {
    this.schedule.runUntil(this.now + Math.round(seconds * 1e9), true);
  }

  rawSecondsAt(at: number): number {
    return uptime + at / 1e9;
  }

  /** An interface of this machine, on a network that it may share with others of the same machine. */
  connect(name: string, network: FakeNetwork): void {
    const index = (this.#made += 1);
    const address = [10, 0, index >>> 8, index & 0xff];
    this.#interfaces.set(name, { name, index, network, address, hardwareAddress: Uint8Array.of(2, 0, 0, 0, index >>> 8, index & 0xff) });
  }

  /** The interface vanishes: its open port gets ENODEV. */
  disconnect(name: string): void {
    this.#interfaces.delete(name);
    this.breakPort(name, "ENODEV");
  }

  /** The open port of an interface, or the sockets connected to a peer ("address:port"), get an error record. */
  breakPort(name: string, errno: ErrnoName): void {
    for (const taker of this.#errorTakers) if (taker.name === name) taker.take(errno);
  }

  /** As describePhc. @throws ENOENT */
  describePhc(index: number): PhcDescription {
    demandInteger(index, "index", 0, 255);
    const found = this.phcs.get(index);
    if (!found) throw systemError("ENOENT", "open", `/sys/class/ptp/ptp${index}/clock_name`);
    return found;
  }

  /** As createVirtualClock; a PTP hardware clock where the path is its device's. */
  createClock(path: string, options: VirtualClockOptions): void {
    this.#files.set(path, new ClockFile(this.schedule, options));
  }

  /** @throws ENOENT, MER_NATIVE_ARGUMENT */
  findClockFile(uri: string): ClockFile {
    if (uri === "realtime:") return this.kernelClock;
    const [, path] = /^(?:virtual|phc):(.*)$/s.exec(uri) ?? [];
    if (path === undefined) throw nativeError("MER_NATIVE_ARGUMENT", `${uri} is neither virtual:<file> nor phc:<device> nor realtime:`);
    return this.findFile(path);
  }

  /** @throws ENOENT */
  findFile(path: string): ClockFile {
    const file = this.#files.get(path);
    if (!file) throw systemError("ENOENT", "open", path);
    return file;
  }

  /** @throws ENODEV */
  findInterface(name: string): FakeInterface {
    const found = this.#interfaces.get(name);
    if (!found) throw systemError("ENODEV", "if_nametoindex", name);
    return found;
  }

  /** The address that datagrams to `address` leave from. @throws ENETUNREACH without an interface */
  localAddressTo(address: string): string {
    if (address.startsWith("127.")) return "127.0.0.1";
    const [first] = this.#interfaces.values();
    if (!first) throw systemError("ENETUNREACH", "connect", address);
    return first.address.join(".");
  }

  /** As readTimestampingCapabilities. */
  readCapabilities(interfaceName: string): TimestampingCapabilities {
    this.findInterface(interfaceName);
    return {
      hardware: false,
      softwareTransmit: true,
      softwareReceive: true,
      phcIndex: -1,
      transmitTypes: 0,
      receiveFilters: 0,
      source: "Netlink",
    };
  }

  registerClock(clock: Clock, source: StampSource): void {
    this.#clocks.set(clock, source);
  }

  /** @param disrupt voids it */
  registerPage(page: ClockPage, disrupt: () => void): void {
    this.#disrupt.set(page, disrupt);
  }

  /** @returns what voids the page. @throws MER_NATIVE_ARGUMENT */
  disruptionOf(page: ClockPage): () => void {
    const disrupt = this.#disrupt.get(page);
    if (!disrupt) throw nativeError("MER_NATIVE_ARGUMENT", "pages must hold ClockPages of this machine");
    return disrupt;
  }

  /** @throws MER_NATIVE_ARGUMENT, MER_NATIVE_CLOSED */
  stampSourceOf(clock: Clock): StampSource {
    const source = this.#clocks.get(clock);
    if (!source) throw nativeError("MER_NATIVE_ARGUMENT", "clock must be a Clock of this machine");
    if (source.isClosed()) throw nativeError("MER_NATIVE_CLOSED", "this clock is closed");
    return source;
  }

  /** @returns how to leave */
  listenForErrors(name: string, take: (errno: ErrnoName) => void): () => void {
    const taker = { name, take };
    this.#errorTakers.add(taker);
    return () => void this.#errorTakers.delete(taker);
  }

  #isOwn(address: string): boolean {
    return address.startsWith("127.") || [...this.#interfaces.values()].some((own) => own.address.join(".") === address);
  }
}
