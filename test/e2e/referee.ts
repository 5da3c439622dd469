/** Samples every worker's clock ten times a second while a scenario runs, and judges a span of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeFirstViolation } from "../demo/sampler.js";
import type { World } from "../demo/world.js";

const periodMs = 100;

export interface SpanVerdict {
  readonly samples: number;
  /** Samples beyond a published bound. */
  readonly violations: number;
  /** Of the first one of each node, for people. */
  readonly violationsBegin: readonly string[];
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
    const toMs = performance.now();
    const { samplers } = this.#world;
    const verdicts = samplers.map((sampler) => sampler.judge(fromMs, toMs));
    const violationsBegin = samplers
      .map((sampler) => ({ node: sampler.node, first: describeFirstViolation(sampler.between(fromMs, toMs)) }))
      .filter(({ first }) => first !== "")
      .map(({ node, first }) => `${node} ${first}`);
    const sum = (of: (verdict: (typeof verdicts)[number]) => number) => verdicts.reduce((total, verdict) => total + of(verdict), 0);
    return {
      samples: sum(({ samples }) => samples),
      violations: sum(({ calibratedViolations, guaranteedViolations }) => calibratedViolations + guaranteedViolations),
      violationsBegin,
      voids: sum(({ voidSamples }) => voidSamples),
      steps: sum(({ steps }) => steps),
    };
  }

  /** Writes what was sampled beside the logs: ms, then ns. */
  writeSamples(): void {
    for (const sampler of this.#world.samplers) {
      const lines = sampler
        .between(0, Number.POSITIVE_INFINITY)
        .map(({ atMs, trueError, calibrated, guaranteed, era }) => [atMs, trueError, calibrated, guaranteed, era].join(","));
      writeFileSync(
        join(this.#world.directory, sampler.node, "samples.csv"),
        `${["at_ms,true_error_ns,calibrated_ns,guaranteed_ns,era", ...lines].join("\n")}\n`,
      );
    }
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }
}
