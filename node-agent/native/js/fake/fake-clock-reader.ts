/** ClockReader on a fake machine: the interval is around the machine's own time. */
import type { ClockReader } from "../../index.js";
import { epochNs } from "./clock-file.js";
import type { FakeMachine, FakePage } from "./fake-machine.js";
import { fillDoubles, nativeError, systemError } from "./native-error.js";

const second = 1_000_000_000n;

export class FakeClockReader implements ClockReader {
  readonly read: (out: Float64Array) => void;
  readonly #machine: FakeMachine;
  readonly #page: FakePage;
  readonly #isCalibrated: boolean;
  #closed = false;

  constructor(machine: FakeMachine, pagePath: string, bound: "Calibrated" | "Guaranteed") {
    const page = machine.pages.get(pagePath);
    if (!page) throw systemError("ENOENT", "open", pagePath);
    this.#machine = machine;
    this.#page = page;
    this.#isCalibrated = bound === "Calibrated";
    this.read = (out) => this.#read(out);
  }

  close(): void {
    this.#closed = true;
  }

  #read(out: Float64Array): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this clock reader is closed");
    const { state, publishedAt } = this.#page;
    const age = (this.#machine.now - publishedAt) / 1e9;
    const [bound, growth] = this.#isCalibrated
      ? [state?.calibratedNs, state?.calibratedGrowthPpb]
      : [state?.guaranteedNs, state?.guaranteedGrowthPpb];
    const half = Math.ceil((bound ?? Number.NaN) + (growth ?? Number.NaN) * age);
    if (!state || age > state.voidAfterSeconds || Number.isNaN(half))
      return fillDoubles(out, [Number.NaN, Number.NaN, Number.NaN, Number.NaN, 0]);
    const now = epochNs + BigInt(this.#machine.now);
    const [earliest, latest] = [now - BigInt(half), now + BigInt(half)];
    const parts = [earliest / second, earliest % second, latest / second, latest % second].map(Number);
    fillDoubles(out, [...parts, Math.max(state.status, 1)]);
  }
}
