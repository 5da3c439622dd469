/** Clock without a kernel: a handle on a ClockFile, of which the machine's own time is one. */
import type { Clock, ClockOptions, KernelStatus } from "../../index.js";
import { offsetMethod } from "../layout.js";
import type { ClockFile } from "./clock-file.js";
import type { FakeMachine } from "./fake-machine.js";
import { demandInteger, demandWithin, fillDoubles, nativeError, systemError } from "./native-error.js";

const frequencyLimit = 1e8;
const offsetLimit = 4.6e18;
const second = 1_000_000_000n;
/** Of a comparison with the system's clock, ns. */
const sampleHalfWidth = 100;

/** What a stamp shows on a clock. */
export interface ClockView {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly raw: number;
  readonly steering: number;
}

export class FakeClock implements Clock {
  readonly uri: string;
  readonly read: (out: Float64Array) => void;
  readonly sampleOffset: (count: number, out: Float64Array) => void;
  readonly #machine: FakeMachine;
  readonly #file: ClockFile;
  /** Clock − oscillator when this handle was opened, ns. */
  readonly #untouched: bigint;
  readonly #steers: boolean;
  #closed = false;

  /** As Clock.open. */
  constructor(machine?: FakeMachine, uri = "", options?: ClockOptions) {
    if (!machine || !options) throw nativeError("MER_NATIVE_ARGUMENT", "a Clock is made by Clock.open");
    const refusal = machine.faults.openClock.get(uri);
    if (refusal) throw systemError(refusal, "open", uri);
    this.#machine = machine;
    this.uri = uri;
    this.#file = machine.findClockFile(uri);
    this.#steers = options.steer;
    if (this.#steers) {
      if (uri === "realtime:" && !machine.mayAdjustClock)
        throw systemError("EPERM", "clock_adjtime", "realtime: can only be read without CAP_SYS_TIME");
      const syscall = uri.startsWith("virtual:") ? "flock" : "bind";
      if (this.#file.locked)
        throw Object.assign(new Error(`${uri}: process ${process.pid} (user 0) steers this clock`), { code: "EWOULDBLOCK", syscall });
      this.#file.locked = true;
    }
    const now = this.#file.at(machine.now);
    this.#untouched = now.ns - BigInt(now.oscillator);
    this.sampleOffset = (count, out) => this.#sampleOffset(count, out);
    this.read = (out) => this.#read(out);
    machine.registerClock(this, {
      isClosed: () => this.#closed,
      era: () => this.#file.at(machine.now).era,
      at: (at) => this.#view(at),
      watch: (tell) => this.#file?.watch(tell) ?? ((): void => undefined),
    });
  }

  get steerable(): boolean {
    return this.#steers && !this.#closed;
  }

  command(ppb: number, untilRaw: number, thenPpb: number): number {
    demandWithin(ppb, "ppb", -frequencyLimit, frequencyLimit);
    demandWithin(thenPpb, "thenPpb", -frequencyLimit, frequencyLimit);
    return this.#steered().command(ppb, untilRaw, thenPpb);
  }

  step(ns: number): void {
    demandWithin(ns, "ns", -offsetLimit, offsetLimit);
    this.#steered().step(ns);
  }

  setKernelStatus(status: KernelStatus): void {
    demandWithin(status.maxErrorNs, "maxErrorNs", 0, Number.MAX_VALUE);
    demandWithin(status.estErrorNs, "estErrorNs", 0, Number.MAX_VALUE);
    if (status.taiOffsetSeconds !== undefined) demandWithin(status.taiOffsetSeconds, "taiOffsetSeconds", 0, 1e5);
    demandInteger(status.leap, "leap", -1, 1);
    this.#demandOpen();
    if (this.uri !== "realtime:") return;
    this.#steered();
    this.#machine.kernelStatus = status;
  }

  close(): void {
    if (this.steerable) {
      this.#file.endSlew();
      this.#file.locked = false;
    }
    this.#closed = true;
  }

  #steered(): ClockFile {
    this.#demandOpen();
    if (!this.#steers) throw nativeError("MER_NATIVE_NOT_STEERABLE", `${this.uri} can only be read through this handle`);
    const refusal = this.#machine.faults.steer.get(this.uri);
    if (refusal) throw systemError(refusal, "clock_adjtime", this.uri);
    return this.#file;
  }

  #demandOpen(): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this clock is closed");
  }

  #read(out: Float64Array): void {
    this.#demandOpen();
    const { frequency, era } = this.#file.at(this.#machine.now);
    const { seconds, nanoseconds, raw, steering } = this.#view(this.#machine.now);
    fillDoubles(out, [seconds, nanoseconds, raw, steering, frequency, era]);
  }

  #sampleOffset(count: number, out: Float64Array): void {
    this.#demandOpen();
    if (!this.uri.startsWith("phc:")) throw nativeError("MER_NATIVE_ARGUMENT", "only a clock of phc:<device> has samples of its offset");
    demandInteger(count, "count", 1, 25);
    const now = this.#machine.now;
    const { ns, raw } = this.#file.at(now);
    const system = this.#machine.kernelClock.at(now).ns;
    const halves = [split(ns - system), split(system)] as const;
    fillDoubles(out, [...halves[0], sampleHalfWidth, ...halves[1], this.#machine.rawSecondsAt(now), raw, offsetMethod.extended]);
  }

  #view(at: number): ClockView {
    const { ns, oscillator, raw } = this.#file.at(at);
    const [seconds, nanoseconds] = split(ns);
    return { seconds, nanoseconds, raw, steering: Number(ns - BigInt(oscillator) - this.#untouched) };
  }
}

/** Whole seconds, rounded down, and the rest in ns. */
function split(ns: bigint): [seconds: number, nanoseconds: number] {
  const rest = ((ns % second) + second) % second;
  return [Number((ns - rest) / second), Number(rest)];
}
