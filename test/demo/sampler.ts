/**
 * The referee: ten times a second it reads, at one instant, how wrong a node's clock really is and which bounds the node
 * publishes. It knows the truth because the virtual clocks run on top of the machine's own clock; the agents do not.
 */
import { TruthReader } from "@meridian/native";
import { truthReading } from "@meridian/native/layout";

export interface Sample {
  /** Of the referee's monotonic clock, ms. */
  readonly atMs: number;
  /** clock − truth, ns. */
  readonly trueError: number;
  /** ns; NaN: void. */
  readonly calibrated: number;
  readonly guaranteed: number;
  /** +1 per step of the clock. */
  readonly era: number;
}

export interface Verdict {
  readonly samples: number;
  /** Samples whose error could not be read: each would hide a violation. */
  readonly unread: number;
  /** Samples beyond a bound that was published. */
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
  /** Samples without a bound. */
  readonly voidSamples: number;
  /** Largest |true error| as a share of the calibrated bound. */
  readonly worstShare: number;
  readonly steps: number;
}

export class NodeSampler {
  readonly node: string;
  readonly #reader: TruthReader;
  readonly #out = new Float64Array(truthReading.length);
  readonly #samples: Sample[] = [];

  /** @throws when clock or page do not exist yet */
  constructor(node: string, clockFile: string, pageFile: string) {
    this.node = node;
    this.#reader = new TruthReader(clockFile, pageFile);
  }

  take(atMs: number): Sample {
    const out = this.#out;
    this.#reader.read(out);
    const sample = {
      atMs,
      trueError: out[truthReading.trueError] ?? Number.NaN,
      calibrated: out[truthReading.calibratedBound] ?? Number.NaN,
      guaranteed: out[truthReading.guaranteedBound] ?? Number.NaN,
      era: out[truthReading.era] ?? 0,
    };
    this.#samples.push(sample);
    return sample;
  }

  get latest(): Sample | undefined {
    return this.#samples.at(-1);
  }

  between(fromMs: number, toMs: number): readonly Sample[] {
    return this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  }

  judge(fromMs: number, toMs: number): Verdict {
    const samples = this.between(fromMs, toMs);
    const count = (test: (sample: Sample) => boolean) => samples.filter(test).length;
    const shares = samples.map(({ trueError, calibrated }) => Math.abs(trueError) / calibrated).filter((share) => !Number.isNaN(share));
    return {
      samples: samples.length,
      unread: count(({ trueError }) => Number.isNaN(trueError)),
      calibratedViolations: count(({ trueError, calibrated }) => Math.abs(trueError) > calibrated),
      guaranteedViolations: count(({ trueError, guaranteed }) => Math.abs(trueError) > guaranteed),
      voidSamples: count(({ calibrated, guaranteed }) => Number.isNaN(calibrated) || Number.isNaN(guaranteed)),
      worstShare: Math.max(0, ...shares),
      steps: (samples.at(-1)?.era ?? 0) - (samples[0]?.era ?? 0),
    };
  }

  /** p99 of |true error|, ns; NaN without samples. */
  percentile99(fromMs: number, toMs: number): number {
    const errors = this.between(fromMs, toMs)
      .map(({ trueError }) => Math.abs(trueError))
      .sort((a, b) => a - b);
    return errors[Math.min(errors.length - 1, Math.floor(errors.length * 0.99))] ?? Number.NaN;
  }

  close(): void {
    this.#reader.close();
  }
}

/** One line for people about the first sample beyond a bound, in time since the first sample; empty: there is none. */
export function describeFirstViolation(samples: readonly Sample[]): string {
  const first = samples.find(({ trueError, calibrated, guaranteed }) => Math.abs(trueError) > Math.min(calibrated, guaranteed));
  if (first === undefined) return "";
  const seconds = ((first.atMs - (samples[0]?.atMs ?? 0)) / 1e3).toFixed(2);
  const [error, calibrated, guaranteed] = [first.trueError, first.calibrated, first.guaranteed].map((ns) => String(Math.round(ns)));
  return `first after ${seconds} s: wrong by ${error ?? ""} ns, bounds ${calibrated ?? ""} and ${guaranteed ?? ""} ns`;
}
