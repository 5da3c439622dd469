/** Who lies: the ensemble that runs in the agent, in closed loop among simulated sources of which some lie. */
import { parseArgs } from "node:util";
import { type Figure, printFigures } from "./figure.js";
import { runParallel } from "./parallel/run-parallel.js";
import { parseSeeds } from "./servo/options.js";
import { figuresOfCase, totalOf } from "./vote/case-figures.js";
import { type VoteCase, voteCases } from "./vote/cases.js";
import { figuresOfFalseAlarms } from "./vote/false-alarm-figures.js";
import type { FalseAlarmJob, FalseAlarmRun } from "./vote/false-alarm-job.js";
import type { VoteJob, VoteRun } from "./vote/vote-job.js";

/** Most of an hour on two cores: ten seeds take 31 s, of which some are the start. */
const defaultSeeds = "1-1000";
/** Rare cases take one in so many seeds. */
const everyRare = 20;
/** False alarms are counted apart, by so many seconds of every seed. */
const falseAlarms = "false_alarms";
const honestTime = 7200;

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runVoteBench(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: "boolean", default: false }, seeds: { type: "string", default: defaultSeeds }, case: { type: "string" } },
  });
  const seeds = parseSeeds(values.seeds);
  if (seeds === null) throw new Error(`--seeds ${values.seeds}: expected A-B`);
  const known = [...voteCases.map(({ name }) => name), falseAlarms];
  const names = values.case?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--case ${unknown}: not one of ${known.join(", ")}`);
  const figures = await measureCases(
    voteCases.filter(({ name }) => names.includes(name)),
    seeds,
  );
  if (names.includes(falseAlarms)) figures.push(...(await measureFalseAlarms(seeds)));
  printFigures(figures, values.json);
  return 0;
}

async function measureCases(wanted: readonly VoteCase[], seeds: readonly number[]): Promise<Figure[]> {
  if (wanted.length === 0) return [];
  const jobs: VoteJob[] = wanted.flatMap(({ name, isRare }) =>
    seeds.filter((_, i) => isRare !== true || i % everyRare === 0).map((seed) => ({ name, seed })),
  );
  const results = await runParallel<VoteJob, VoteRun>(new URL("./vote/vote-job.js", import.meta.url), jobs);
  const figures = wanted.flatMap((one) =>
    figuresOfCase(
      one,
      results.filter((_, i) => jobs[i]?.name === one.name),
    ),
  );
  const wronged = results.map(({ honestNamed }) => honestNamed);
  return [...figures, totalOf("honest_named", "sources", 0, wronged)];
}

async function measureFalseAlarms(seeds: readonly number[]): Promise<Figure[]> {
  const jobs: FalseAlarmJob[] = seeds.map((seed) => ({ seed, duration: honestTime }));
  return figuresOfFalseAlarms(await runParallel<FalseAlarmJob, FalseAlarmRun>(new URL("./vote/false-alarm-job.js", import.meta.url), jobs));
}
