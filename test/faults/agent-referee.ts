/**
 * Reads one node's page and true error fifty times a second for as long as a fault lasts, whether its agent lives or not. What a
 * fault by its nature makes wrong before anybody can know is excused by name, and told.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describeFirstViolation, NodeSampler, type Sample, type Verdict } from "../demo/sampler.js";

const periodMs = 20;

export class AgentReferee {
  readonly #clockFile: string;
  readonly #pageFile: string;
  readonly #excused: { readonly fromMs: number; readonly toMs: number }[] = [];
  readonly #running: Promise<void>;
  /** One per page file; the last one is in use. */
  readonly #samplers: NodeSampler[] = [];
  #current: NodeSampler | null = null;
  #ended = false;
  #paused = false;

  /** The page need not be there yet. */
  constructor(clockFile: string, pageFile: string) {
    this.#clockFile = clockFile;
    this.#pageFile = pageFile;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    for (let next = performance.now(); !this.#ended; next = Math.max(next + periodMs, performance.now())) {
      await sleep(Math.max(0, next - performance.now()));
      if (!this.#paused) this.take();
    }
  }

  /** One more sample, now; undefined before there is a page. */
  take(): Sample | undefined {
    this.#current ??= this.#open();
    return this.#current?.take(performance.now());
  }

  get latest(): Sample | undefined {
    return this.#current?.latest;
  }

  /** The page was replaced by another file: the next sample is that one's. */
  reopen(): void {
    this.#current = null;
  }

  /** Reads nothing until resume(): the page would not survive it, or we would not. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  #open(): NodeSampler | null {
    try {
      const sampler = new NodeSampler("follower", this.#clockFile, this.#pageFile);
      this.#samplers.push(sampler);
      return sampler;
    } catch {
      return null; // the agent has not made its page yet
    }
  }

  /** What the page says from `fromMs` to `toMs` counts neither for nor against the agent. Monotonic ms. */
  excuse(fromMs: number, toMs: number): void {
    this.#excused.push({ fromMs, toMs });
  }

  judge(fromMs = 0, toMs = Number.POSITIVE_INFINITY): Verdict {
    return this.#samplers.map((sampler) => sampler.judge(fromMs, toMs)).reduce(add, nothing);
  }

  /** The first sample beyond a bound, for people; empty: there is none that is not excused. */
  describeViolation(): string {
    const samples = this.#samplers.flatMap((sampler) => sampler.between(0, Number.POSITIVE_INFINITY));
    const isExcused = ({ atMs }: Sample): boolean => this.#excused.some(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
    return describeFirstViolation(samples.filter((sample) => !isExcused(sample)));
  }

  /** Largest |true error| since then, ns. */
  worstSince(fromMs: number): number {
    const samples = this.#samplers.flatMap((sampler) => sampler.between(fromMs, Number.POSITIVE_INFINITY));
    return samples.reduce((worst, { trueError }) => Math.max(worst, Math.abs(trueError)), 0);
  }

  /** Everything but what was excused. */
  judgeAll(): Verdict & { readonly excused: number } {
    const whole = this.judge();
    const excused = this.#excused.map(({ fromMs, toMs }) => this.judge(fromMs, toMs));
    const less = (of: (verdict: Verdict) => number): number => of(whole) - excused.reduce((sum, verdict) => sum + of(verdict), 0);
    return {
      ...whole,
      calibratedViolations: less((verdict) => verdict.calibratedViolations),
      guaranteedViolations: less((verdict) => verdict.guaranteedViolations),
      excused: excused.reduce((sum, verdict) => sum + verdict.calibratedViolations, 0),
    };
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
    for (const sampler of this.#samplers) sampler.close();
  }
}

const nothing: Verdict = {
  samples: 0,
  unread: 0,
  calibratedViolations: 0,
  guaranteedViolations: 0,
  voidSamples: 0,
  worstShare: 0,
  steps: 0,
};

function add(a: Verdict, b: Verdict): Verdict {
  return {
    samples: a.samples + b.samples,
    unread: a.unread + b.unread,
    calibratedViolations: a.calibratedViolations + b.calibratedViolations,
    guaranteedViolations: a.guaranteedViolations + b.guaranteedViolations,
    voidSamples: a.voidSamples + b.voidSamples,
    worstShare: Math.max(a.worstShare, b.worstShare),
    steps: a.steps + b.steps,
  };
}
