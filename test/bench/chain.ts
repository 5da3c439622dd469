/** Clocks in a row: what is left of accuracy at the fifth, and whether a reference that swings is passed on larger than it is. */
import { parseArgs } from "node:util";
import { chainDamping, telecomDamping } from "@meridian/engine";
import { type ChainJob, type ChainRun, type HopFigures, hopCount } from "./chain/chain-job.js";
import { type Figure, printFigures, roundFigure, summarizeFigure } from "./figure.js";
import { runParallel } from "./parallel/run-parallel.js";
import { parseSeeds } from "./servo/options.js";

/** Jitter ns, interval s, duration s, and the accuracy that a single hop is to reach, ns. */
const rows = [
  { name: "1us_1s", jitter: 1000, interval: 1, duration: 4000, singleHop: 60 },
  { name: "100ns_16s", jitter: 100, interval: 1 / 16, duration: 700, singleHop: 3 },
] as const;
const dampings = [
  { name: "chain", damping: chainDamping, hopTarget: 2.6, gainTarget: 1.1 },
  { name: "telecom", damping: telecomDamping, hopTarget: 3.6, gainTarget: 1.012 },
] as const;
/** Of the reference's swing, s, and its size as a multiple of the jitter. */
const periods = [5, 10, 20, 40, 70, 120, 200, 350, 600, 1000, 1800, 3600];
const signals = [
  { name: "small", size: 0.1 },
  { name: "medium", size: 2 },
  { name: "large", size: 20 },
] as const;

interface NamedJob {
  readonly row: string;
  readonly damping: string;
  readonly signal: string;
  readonly job: ChainJob;
}

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runChainBench(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false }, seeds: { type: "string", default: "1-8" } } });
  const seeds = parseSeeds(values.seeds);
  if (seeds === null) throw new Error(`--seeds ${values.seeds}: expected A-B`);
  const jobs = seeds.flatMap((seed) => jobsOf(seed));
  const results = await runParallel<ChainJob, ChainRun>(
    new URL("./chain/chain-job.js", import.meta.url),
    jobs.map(({ job }) => job),
  );
  const runsOf = (wanted: (job: NamedJob) => boolean): ChainRun[] => results.filter((_, i) => jobs[i] !== undefined && wanted(jobs[i]));
  const figures: Figure[] = [];
  for (const { name: damping, hopTarget, gainTarget } of dampings) {
    for (const { name: row, singleHop } of rows) {
      const runs = runsOf((job) => job.job.kind === "chain" && job.row === row && job.damping === damping);
      figures.push(...chainFigures(`chain.${damping}.${row}`, runs, singleHop, hopTarget));
    }
    for (const { name: signal } of signals)
      figures.push(
        ...gainFigures(`chain.${damping}.gain_${signal}`, signal === "small" ? gainTarget : 1.1, (period) =>
          runsOf(
            ({ job, ...named }) => job.kind === "gain" && named.damping === damping && named.signal === signal && job.period === period,
          ),
        ),
      );
  }
  printFigures(figures, values.json);
  return 0;
}

function jobsOf(seed: number): NamedJob[] {
  return dampings.flatMap(({ name, damping }) => [
    ...rows.map(({ name: row, jitter, interval, duration }) => ({
      ...{ row, damping: name, signal: "" },
      job: { kind: "chain", settings: { damping, jitter, interval, duration }, seed } as const,
    })),
    ...signals.flatMap(({ name: signal, size }) =>
      periods.map((period) => {
        const [{ jitter, interval, name: row }] = rows;
        const amplitude = size * jitter;
        return {
          row,
          damping: name,
          signal,
          job: { kind: "gain", settings: { damping, jitter, interval }, seed, period, amplitude } as const,
        };
      }),
    ),
  ]);
}

function chainFigures(metric: string, runs: readonly ChainRun[], singleHop: number, target: number): Figure[] {
  const hopsOf = (hop: number): HopFigures[] => runs.flatMap((run) => (run.kind === "chain" ? (run.hops[hop] ?? []) : []));
  const figure = (name: string, unit: string, goal: number, values: readonly number[]) =>
    summarizeFigure({ metric: `${metric}.${name}`, unit, target: goal }, values);
  /** Its value is that of all runs together. */
  const rms = (name: string, unit: string, goal: number, values: readonly number[]): Figure => ({
    ...figure(name, unit, goal, values),
    value: roundFigure(Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)),
  });
  const last = hopsOf(hopCount - 1);
  const all = Array.from({ length: hopCount }, (_, hop) => hopsOf(hop)).flat();
  const perMillion = (of: (hop: HopFigures) => number) => all.map((hop) => (1e6 * of(hop)) / hop.samples);
  return [
    ...Array.from({ length: hopCount }, (_, hop) =>
      rms(
        `hop${String(hop + 1)}_rms`,
        "ns",
        hop === 0 ? singleHop : target * singleHop,
        hopsOf(hop).map(({ rms }) => rms),
      ),
    ),
    rms(
      "hop5_over_single_hop",
      "ratio",
      target,
      last.map(({ rms }) => rms / singleHop),
    ),
    figure(
      "hop5_real_over_claimed",
      "ratio",
      1.1,
      last.map(({ rms, claimed }) => rms / claimed),
    ),
    figure(
      "hop5_calibrated",
      "ns",
      5 * target * singleHop,
      last.map(({ calibrated }) => calibrated),
    ),
    figure(
      "hop5_guaranteed",
      "ns",
      1e6,
      last.map(({ guaranteed }) => guaranteed),
    ),
    figure(
      "calibrated_violations",
      "per million",
      1,
      perMillion(({ calibratedViolations }) => calibratedViolations),
    ),
    figure(
      "guaranteed_violations",
      "per million",
      0,
      perMillion(({ guaranteedViolations }) => guaranteedViolations),
    ),
    figure(
      "voids",
      "per million",
      0,
      perMillion(({ voids }) => voids),
    ),
  ];
}

/** One figure a period, and the largest of them. */
function gainFigures(metric: string, target: number, runsOf: (period: number) => readonly ChainRun[]): Figure[] {
  const figures = periods.map((period) => {
    const gains = runsOf(period).flatMap((run) => (run.kind === "gain" ? [run.gain] : []));
    return summarizeFigure({ metric: `${metric}.${String(period)}s`, unit: "ratio", target }, gains);
  });
  const largest = Math.max(...figures.map(({ value }) => value));
  const all = figures.map(({ spread }) => spread[1]);
  return [...figures, { ...summarizeFigure({ metric: `${metric}.largest`, unit: "ratio", target }, all), value: roundFigure(largest) }];
}
