/** What the jobs of a benchmark brought, and which are still out. */
import type { PeerName } from "../peers/peers.js";
import type { RunFigures } from "./measure-run.js";
import type { Scenario } from "./scenario.js";
import type { ServoJob } from "./servo-job.js";

export class Results {
  readonly #runs = new Map<string, (RunFigures | undefined)[]>();
  readonly #open = new Map<string, number>();
  readonly #seeds: readonly number[];

  constructor(seeds: readonly number[]) {
    this.#seeds = seeds;
  }

  /** Every run that these scenarios need. */
  plan(scenarios: readonly Scenario[], duration: number | null): readonly ServoJob[] {
    const jobs = scenarios.flatMap(({ name, peers }) =>
      [null, ...peers].flatMap((peer) => this.#seeds.map((seed) => ({ scenario: name, peer, seed, duration }))),
    );
    for (const { scenario } of jobs) this.#open.set(scenario, (this.#open.get(scenario) ?? 0) + 1);
    return jobs;
  }

  /** @returns whether that was the scenario's last run */
  add({ scenario, peer, seed }: ServoJob, run: RunFigures): boolean {
    const key = `${scenario}/${peer ?? ""}`;
    const runs = this.#runs.get(key) ?? [];
    runs[this.#seeds.indexOf(seed)] = run;
    this.#runs.set(key, runs);
    const open = (this.#open.get(scenario) ?? 1) - 1;
    this.#open.set(scenario, open);
    return open === 0;
  }

  /** By seed, in order; Meridian's unless a peer is named. Empty: none were wanted. */
  of(scenario: Scenario, peer: PeerName | null = null): readonly RunFigures[] {
    return (this.#runs.get(`${scenario.name}/${peer ?? ""}`) ?? []).filter((run) => run !== undefined);
  }
}
