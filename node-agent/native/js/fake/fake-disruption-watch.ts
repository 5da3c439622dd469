/** DisruptionWatch on a fake machine, whose clocks can be stepped by others; it neither sleeps nor has a hypervisor. */
import type { DisruptionWatch, DisruptionWatchOptions } from "../../index.js";
import type { FakeMachine, StampSource } from "./fake-machine.js";
import { demandWithin, nativeError } from "./native-error.js";
import type { Task } from "./schedule.js";

const mostPages = 16;
const longestStep = 4.6e18;

export class FakeDisruptionWatch implements DisruptionWatch {
  readonly #machine: FakeMachine;
  readonly #source: StampSource;
  readonly #disrupt: readonly (() => void)[];
  readonly #onDisruption: () => void;
  readonly #end: () => void;
  #era: number;
  #ownStep = false;
  #steps = 0;
  #news: Task | null = null;
  #closed = false;

  constructor(machine: FakeMachine, options: DisruptionWatchOptions, onDisruption: () => void) {
    if (options.pages.length > mostPages) throw nativeError("MER_NATIVE_ARGUMENT", `pages holds more than ${mostPages} values`);
    this.#machine = machine;
    this.#source = machine.stampSourceOf(options.clock);
    this.#disrupt = options.pages.map((page) => machine.disruptionOf(page));
    this.#onDisruption = onDisruption;
    this.#era = this.#source.era();
    this.#end = this.#source.watch(() => this.#look(0));
  }

  beginStep(): void {
    this.#demandOpen();
    this.#ownStep = true;
    this.#voidPages();
  }

  endStep(byNs: number): void {
    demandWithin(byNs, "byNs", -longestStep, longestStep);
    this.#demandOpen();
    this.#ownStep = false;
    this.#look(byNs === 0 ? 0 : 1);
  }

  statistics(): number[] {
    this.#demandOpen();
    return [this.#steps, 0, 0, 0];
  }

  close(): void {
    this.#closed = true;
    this.#end();
    this.#machine.schedule.cancel(this.#news);
  }

  /** @param expected eras that we began ourselves */
  #look(expected: number): void {
    if (this.#ownStep) return;
    const era = this.#source.era();
    const disrupted = era !== this.#era + expected;
    this.#era = era;
    if (!disrupted) return;
    this.#steps += 1;
    this.#voidPages();
    const { schedule } = this.#machine;
    schedule.cancel(this.#news);
    this.#news = schedule.add(schedule.now, "port", () => this.#onDisruption());
  }

  #voidPages(): void {
    for (const disrupt of this.#disrupt) disrupt();
  }

  #demandOpen(): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this watch is closed");
  }
}
