/**
 * What the kernel says of CLOCK_REALTIME to everybody who asks it (adjtimex): whether it is synchronized and how far it may be off.
 * Only while this agent steers the clock: what another daemon told the kernel is that daemon's word.
 */
import { currentTaiMinusUtc, type EngineConfig, judgeLeapTable, type Publication } from "@meridian/engine";
import type { Clock } from "@meridian/native";
import { codeOf, messageOf } from "../errors.js";

/** The kernel counts on by itself, 500 ppm, once a second. */
const renewMs = 1000;
/** So long may the bound have grown until the kernel's first count, s. */
const untilCounted = 1;

export interface KernelTruthOutputs {
  /** Told for every attempt. */
  failed(code: string, message: string): void;
  worked(): void;
  /** Monotonic, ms. */
  now(): number;
  /** POSIX time, ms. */
  wallClock(): number;
}

/** The part of a configuration that says who steers. */
type Steering = Pick<EngineConfig, "steer" | "clockScale" | "receivers" | "associations" | "comparisons">;

export class KernelTruth {
  readonly #clock: () => Pick<Clock, "steerable" | "setKernelStatus">;
  readonly #outputs: KernelTruthOutputs;
  #isUtc = false;
  #steers = false;
  #isShared = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldSynchronized = false;

  constructor(clock: () => Pick<Clock, "steerable" | "setKernelStatus">, outputs: KernelTruthOutputs) {
    this.#clock = clock;
    this.#outputs = outputs;
  }

  configure({ steer, clockScale, receivers, associations, comparisons }: Steering): void {
    this.#steers = steer && receivers.length + associations.length + comparisons.length > 0;
    this.#isUtc = clockScale === "UTC";
  }

  /** @param isShared somebody else steers the clock too */
  share(isShared: boolean): void {
    this.#isShared = isShared;
  }

  /** The kernel has forgotten what it was told: the clock was stepped. */
  forget(): void {
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }

  /** @param isSynchronized there is a bound that readers may rely on */
  publish({ guaranteed, guaranteedGrowth, calibrated }: Publication, isSynchronized: boolean): void {
    if (!this.#steers || this.#isShared) return;
    const clock = this.#clock();
    const now = this.#outputs.now();
    if (!clock.steerable || (isSynchronized === this.#toldSynchronized && now - this.#toldAt < renewMs)) return;
    const maxErrorNs = guaranteed === null ? Number.MAX_VALUE : guaranteed + guaranteedGrowth * untilCounted;
    this.#toldAt = now;
    try {
      clock.setKernelStatus({
        synchronized: isSynchronized,
        maxErrorNs,
        estErrorNs: calibrated ?? maxErrorNs,
        ...this.#taiOffset(),
        // The kernel would step the clock by itself; Meridian smears nothing and announces nothing yet.
        leap: 0,
      });
      this.#toldSynchronized = isSynchronized;
      this.#outputs.worked();
    } catch (error) {
      this.#outputs.failed(codeOf(error, "MER_AGENT_CLOCK_FAILED"), messageOf(error));
    }
  }

  /** Nothing where the table has ended, or the clock does not show UTC. */
  #taiOffset(): { taiOffsetSeconds?: number } {
    if (!this.#isUtc || judgeLeapTable(this.#outputs.wallClock() / 1e3) === "Expired") return {};
    return { taiOffsetSeconds: currentTaiMinusUtc() };
  }
}
