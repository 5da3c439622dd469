/** ClockPage in a fake machine's memory: what is published is checked as src/page.rs does, and kept for TruthReader and tests. */
import type { ClockPage, PageState } from "../../index.js";
import type { FakeMachine, FakePage } from "./fake-machine.js";
import { demandInteger, demandWithin, nativeError } from "./native-error.js";

const largestGrowth = 0xffff_ffff;
const largestBound = 1e18;
const longestValidity = 1e8;
const largestEra = 9e15;

export class FakeClockPage implements ClockPage {
  readonly #machine: FakeMachine;
  readonly #page: FakePage;
  #closed = false;

  constructor(machine: FakeMachine, path: string) {
    this.#machine = machine;
    this.#page = machine.pages.get(path) ?? { state: null, publishedAt: 0 };
    machine.pages.set(path, this.#page);
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
    this.#page.state = { ...state };
    this.#page.publishedAt = this.#machine.now;
  }

  close(): void {
    this.#closed = true;
  }
}
