/** TruthReader on a fake machine, whose own time is the truth. */
import type { TruthReader } from "../../index.js";
import { type ClockFile, epochNs } from "./clock-file.js";
import type { FakeMachine, FakePage } from "./fake-machine.js";
import { fillDoubles, nativeError, systemError } from "./native-error.js";

export class FakeTruthReader implements TruthReader {
  readonly read: (out: Float64Array) => void;
  readonly #machine: FakeMachine;
  readonly #clock: ClockFile;
  readonly #page: FakePage;
  #closed = false;

  constructor(machine: FakeMachine, clockPath: string, pagePath: string) {
    this.#machine = machine;
    this.#clock = machine.findFile(clockPath);
    const page = machine.pages.get(pagePath);
    if (!page) throw systemError("ENOENT", "open", pagePath);
    this.#page = page;
    this.read = (out) => this.#read(out);
  }

  close(): void {
    this.#closed = true;
  }

  #read(out: Float64Array): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this truth reader is closed");
    const { now } = this.#machine;
    const error = Number(this.#clock.at(now).ns - epochNs - BigInt(now));
    const { state, publishedAt } = this.#page;
    if (!state) return fillDoubles(out, [error, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    const age = (now - publishedAt) / 1e9;
    const grown = (bound: number, growth: number): number => (age <= state.voidAfterSeconds ? bound + growth * age : Number.NaN);
    const calibrated = grown(state.calibratedNs, state.calibratedGrowthPpb);
    fillDoubles(out, [error, calibrated, grown(state.guaranteedNs, state.guaranteedGrowthPpb), age, state.era]);
  }
}
