/** ClockPage in a fake machine's memory: what is published is checked as src/page.rs does, and kept for TruthReader and tests. */
import type { ClockPage, PageOptions, PageState } from "../../index.js";
import type { FakeMachine, FakePage, StampSource } from "./fake-machine.js";
import { demandInteger, demandWithin, nativeError } from "./native-error.js";

const largestGrowth = 0xffff_ffff;
const largestBound = 1e18;
const longestValidity = 1e8;
const largestEra = 9e15;

export class FakeClockPage implements ClockPage {
  readonly #machine: FakeMachine;
  readonly #page: FakePage;
  /** Whose era counts. */
  readonly #source: StampSource | null;
  #closed = false;
  #era = 0;

  constructor(machine: FakeMachine, path: string, options?: PageOptions) {
    this.#machine = machine;
    this.#source = options ? machine.stampSourceOf(options.clock) : null;
    this.#page = machine.pages.get(path) ?? { state: null, publishedAt: 0 };
    machine.pages.set(path, this.#page);
    machine.registerPage(this, () => this.#disrupt());
  }

  publish(state: PageState): void {
    for (const name of ["guaranteedNs", "calibratedNs"] as const)
      if (!Number.isNaN(state[name])) demandWithin(state[name], name, 0, largestBound);
    demandWithin(state.guaranteedGrowthPpb, "guaranteedGrowthPpb", 0, largestGrowth);
    demandWithin(state.calibratedGrowthPpb, "calibratedGrowthPpb", 0, largestGrowth);
    demandWithin(state.voidAfterSeconds, "voidAfterSeconds", 0, longestValidity);
    demandInteger(state.status, "status", 0, 3);
    demandInteger(state.era, "era", 0, largestEra);
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this page is closed");
    this.#era = state.era;
    this.#write(this.#source === null || this.#source.era() === state.era ? { ...state } : voidState(state.era));
  }

  close(): void {
    this.#closed = true;
  }

  #disrupt(): void {
    if (this.#closed) return;
    this.#era += 1;
    this.#write(voidState(this.#era));
  }

  #write(state: PageState): void {
    this.#page.state = state;
    this.#page.publishedAt = this.#machine.now;
  }
}

const voidState = (era: number): PageState => ({
  guaranteedNs: Number.NaN,
  guaranteedGrowthPpb: 0,
  calibratedNs: Number.NaN,
  calibratedGrowthPpb: 0,
  voidAfterSeconds: 0,
  status: 3,
  era,
});
