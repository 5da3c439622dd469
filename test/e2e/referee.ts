/** Samples every worker's clock ten times a second while a scenario runs, and judges a span of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { World } from "../demo/world.js";

const periodMs = 100;

export interface SpanVerdict {
  readonly samples: number;
  /** Samples beyond a published bound. */
  readonly violations: number;
  readonly voids: number;
  readonly steps: number;
}

export class Referee {
  readonly #world: World;
  readonly #running: Promise<void>;
  #ended = false;

  constructor(world: World) {
    this.#world = world;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    for (let next = performance.now(); !this.#ended; next += periodMs) {
      await sleep(Math.max(0, next - performance.now()));
      for (const sampler of this.#world.samplers) sampler.take(performance.now());
    }
  }

  judge(fromMs: number): SpanVerdict {
    const verdicts = this.#world.samplers.map((sampler) => sampler.judge(fromMs, performance.now()));
    const sum = (of: (verdict: (typeof verdicts)[number]) => number) => verdicts.reduce((total, verdict) => total + of(verdict), 0);
    return {
      samples: sum(({ samples }) => samples),
      violations: sum(({ calibratedViolations, guaranteedViolations }) => calibratedViolations + guaranteedViolations),
      voids: sum(({ voidSamples }) => voidSamples),
      steps: sum(({ steps }) => steps),
    };
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }
}
