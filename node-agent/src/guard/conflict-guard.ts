/**
 * Who else steers our clock. One clock has one writer: where another is found, we stop commanding and say so, instead of pulling
 * against it. Found by its process, and by what it does to the clock whether or not it can be named.
 */
import type { TimeDaemon } from "./find-time-daemons.js";
import { type ClockReading, type Interference, ReadBack } from "./read-back.js";

/** What a domain wants where another daemon steers: stop and report, or measure beside it. */
export type HostTimeDaemon = "Refuse" | "Observe";

/** Another writer of a clock of ours. */
export interface ClockConflict {
  /** "chronyd (pid 812)"; empty: nobody could be named. */
  readonly process: string;
  readonly evidence: "Running" | Interference;
}

/** Processes are looked through that often, s of the host's clock. */
const lookEvery = 10;

export class ConflictGuard {
  readonly #readBack = new ReadBack();
  readonly #findDaemons: () => readonly TimeDaemon[];
  #daemons: readonly TimeDaemon[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param findDaemons those that may steer this very clock; none for a virtual one */
  constructor(findDaemons: () => readonly TimeDaemon[]) {
    this.#findDaemons = findDaemons;
  }

  /** How often somebody else changed the clock, once by accident included. */
  get traces(): number {
    return this.#readBack.traces;
  }

  command(ppb: number, untilRaw: number, thenPpb: number): void {
    this.#readBack.command({ ppb, untilRaw, thenPpb });
  }

  stepped(): void {
    this.#readBack.stepped();
  }

  /** @param count suspends and moves of the machine so far */
  disrupted(count: number): void {
    this.#readBack.disrupted(count);
  }

  /** @returns what somebody else did to the clock since the last reading; null: nothing */
  read(reading: ClockReading): Interference | null {
    return this.#readBack.read(reading);
  }

  /** Who else steers it as of now; empty: nobody. @param now monotonic, s */
  look(now: number): readonly ClockConflict[] {
    if (now - this.#lookedAt >= lookEvery) {
      this.#lookedAt = now;
      this.#daemons = this.#findDaemons();
    }
    const { interference } = this.#readBack;
    const named = this.#daemons.map(({ name, pid }) => `${name} (pid ${pid})`);
    if (named.length > 0) return named.slice(0, mostConflicts).map((process) => ({ process, evidence: interference ?? "Running" }));
    return interference === null ? [] : [{ process: "", evidence: interference }];
  }
}

/** In a report, as the contract says. */
const mostConflicts = 4;
