/** Who lies: the ensemble that runs in the agent, in closed loop among simulated sources of which some lie. */
import { parseArgs } from "node:util";
import { type Figure, median, printFigures, roundFigure, summarizeFigure } from "./figure.js";
import { runParallel } from "./parallel/run-parallel.js";
import { parseSeeds } from "./servo/options.js";
import { type VoteCase, voteCases } from "./vote/cases.js";
import type { VoteJob, VoteRun } from "./vote/vote-job.js";

/** With them the default run has more than a thousand. */
const defaultSeeds = "1-90";
const secondsPerYear = 365.25 * 86_400;
/** Long runs say little more by their number: one in so many seeds. */
const longRun = 5000;
const everyLong = 20;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runVoteBench(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: "boolean", default: false }, seeds: { type: "string", default: defaultSeeds }, case: { type: "string" } },
  });
  const seeds = parseSeeds(values.seeds);
  if (seeds === null) throw new Error(`--seeds ${values.seeds}: expected A-B`);
  const names = values.case?.split(",");
  const unknown = names?.find((name) => !voteCases.some((one) => one.name === name));
  if (unknown !== undefined) throw new Error(`--case ${unknown}: not one of ${voteCases.map(({ name }) => name).join(", ")}`);
  const wanted = voteCases.filter(({ name }) => names?.includes(name) ?? true);
  const jobs: VoteJob[] = wanted.flatMap(({ name, duration }) =>
    seeds.filter((_, i) => duration < longRun || i % everyLong === 0).map((seed) => ({ name, seed })),
  );
  const results = await runParallel<VoteJob, VoteRun>(new URL("./vote/vote-job.js", import.meta.url), jobs);
  const runsOf = ({ name }: VoteCase): VoteRun[] => results.filter((_, i) => jobs[i]?.name === name);
  const figures = wanted.flatMap((one) => figuresOfCase(one, runsOf(one)));
  printFigures(
    [
      ...figures,
      ...figuresOfAll(
        wanted.flatMap((one) => (one.lies.length === 0 ? runsOf(one) : [])),
        results,
      ),
    ],
    values.json,
  );
  return 0;
}

/** Its value is the largest of all runs. */
function worstOf(metric: string, unit: string, target: number, values: readonly number[]): Figure {
  const figure = summarizeFigure({ metric: `vote.${metric}`, unit, target }, values);
  return { ...figure, value: figure.spread[1] };
}

/** Its value is the sum of all runs. */
function totalOf(metric: string, unit: string, target: number, values: readonly number[]): Figure {
  return { ...summarizeFigure({ metric: `vote.${metric}`, unit, target }, values), value: roundFigure(sum(values)) };
}

function figuresOfCase(one: VoteCase, runs: readonly VoteRun[]): Figure[] {
  const { name, nameWithin, lies } = one;
  const figures: Figure[] = [];
  if (nameWithin !== null) {
    const first = runs.map(({ named }) => Math.min(...named));
    const found = first.filter(Number.isFinite);
    if (found.length > 0) figures.push(worstOf(`${name}.named_within`, "s", nameWithin, found));
    figures.push(
      totalOf(
        `${name}.missed`,
        "runs",
        0,
        first.map((after) => (after > nameWithin ? 1 : 0)),
      ),
    );
  } else if (lies.length > 0) {
    const told = runs.map(({ alarmed }) => alarmed).filter(Number.isFinite);
    if (told.length > 0) figures.push(worstOf(`${name}.alarm_within`, "s", one.duration - one.faultAt, told));
    figures.push(
      totalOf(
        `${name}.silent`,
        "runs",
        0,
        runs.map(({ alarmed }) => (Number.isFinite(alarmed) ? 0 : 1)),
      ),
    );
  }
  const bound = median(runs.map(({ calibrated }) => calibrated));
  figures.push(
    totalOf(
      `${name}.honest_named`,
      "sources",
      0,
      runs.map(({ honestNamed }) => honestNamed),
    ),
    worstOf(
      `${name}.worst_error`,
      "ns",
      roundFigure(bound),
      runs.map(({ worst }) => worst),
    ),
    // A bound has no target of its own but to be no larger than what is proven.
    worstOf(
      `${name}.largest_calibrated`,
      "ns",
      roundFigure(median(runs.map(({ guaranteed }) => guaranteed))),
      runs.map(({ calibrated }) => calibrated),
    ),
    totalOf(
      `${name}.calibrated_violations`,
      "samples",
      0,
      runs.map(({ calibratedViolations }) => calibratedViolations),
    ),
    totalOf(
      `${name}.guaranteed_violations`,
      "samples",
      0,
      runs.map(({ guaranteedViolations }) => guaranteedViolations),
    ),
    totalOf(
      `${name}.void`,
      "s",
      0,
      runs.map(({ voids }) => voids),
    ),
  );
  return figures;
}

/** What was observed and in how long a time; nothing is extrapolated. */
function figuresOfAll(honest: readonly VoteRun[], all: readonly VoteRun[]): Figure[] {
  const figures = [
    totalOf(
      "honest_named",
      "sources",
      0,
      all.map(({ honestNamed }) => honestNamed),
    ),
  ];
  if (honest.length === 0) return figures;
  const years = sum(honest.map(({ simulated }) => simulated)) / secondsPerYear;
  const alarms = honest.map(({ falseAlarms }) => (falseAlarms > 0 ? 1 : 0));
  const rate = summarizeFigure(
    { metric: "vote.false_alarms", unit: `per year (${String(roundFigure(years))} simulated)`, target: 0 },
    alarms,
  );
  return [...figures, { ...rate, value: roundFigure(sum(alarms) / years) }];
}
