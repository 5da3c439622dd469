/** Clock without a kernel: a handle on a ClockFile, or on the machine's own time, which is only read. */
import type { Clock, ClockOptions } from "../../index.js";
import { type ClockFile, epochNs } from "./clock-file.js";
import type { FakeMachine } from "./fake-machine.js";
import { demandWithin, fillDoubles, nativeError, systemError } from "./native-error.js";

const frequencyLimit = 1e8;
const offsetLimit = 4.6e18;

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
  readonly #machine: FakeMachine;
  readonly #file: ClockFile | null;
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
    this.#file = uri === "realtime:" ? null : machine.findClockFile(uri);
    this.#steers = this.#file !== null && options.steer;
    if (this.#steers && this.#file !== null) {
      if (this.#file.locked)
        throw Object.assign(new Error(`${uri}: process ${process.pid} steers this clock`), { code: "EWOULDBLOCK", syscall: "flock" });
      this.#file.locked = true;
    }
    const now = this.#file?.at(machine.now);
    this.#untouched = now ? now.ns - BigInt(now.oscillator) : 0n;
    this.read = (out) => this.#read(out);
    machine.registerClock(this, {
      isClosed: () => this.#closed,
      era: () => this.#file?.at(machine.now).era ?? 0,
      at: (at) => this.#view(at),
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

  close(): void {
    if (this.steerable && this.#file !== null) {
      this.#file.endSlew();
      this.#file.locked = false;
    }
    this.#closed = true;
  }

  #steered(): ClockFile {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this clock is closed");
    if (!this.#steers || this.#file === null)
      throw nativeError("MER_NATIVE_NOT_STEERABLE", `${this.uri} can only be read through this handle`);
    const refusal = this.#machine.faults.steer.get(this.uri);
    if (refusal) throw systemError(refusal, "clock_adjtime", this.uri);
    return this.#file;
  }

  #read(out: Float64Array): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this clock is closed");
    const now = this.#file?.at(this.#machine.now);
    const { seconds, nanoseconds, raw, steering } = this.#view(this.#machine.now);
    fillDoubles(out, [seconds, nanoseconds, raw, steering, now?.frequency ?? Number.NaN, now?.era ?? 0]);
  }

  #view(at: number): ClockView {
    const instant = this.#file?.at(at);
    const ns = instant?.ns ?? epochNs + BigInt(at);
    return {
      seconds: Number(ns / 1_000_000_000n),
      nanoseconds: Number(ns % 1_000_000_000n),
      raw: instant?.raw ?? this.#machine.rawSecondsAt(at),
      steering: instant ? Number(ns - BigInt(instant.oscillator) - this.#untouched) : 0,
    };
  }
}
