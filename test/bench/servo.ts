/**
 * Servo benchmark: the estimator in closed loop against simulated oscillators and networks, beside the peers' measured figures for the
 * same model and beside their restatements in the same packets. Prints a table, or with --json one figure a line as it is known.
 */
import { type Figure, printFigures } from "./figure.js";
import { runParallel } from "./parallel/run-parallel.js";
import { boundFigures, scenarioBoundFigures } from "./servo/bound-figures.js";
import { holdoverFigures } from "./servo/holdover-figures.js";
import { lockFigures } from "./servo/lock-figures.js";
import { lockWorlds } from "./servo/lock-worlds.js";
import type { RunFigures } from "./servo/measure-run.js";
import { parseOptions } from "./servo/options.js";
import { writePictures } from "./servo/plot/write-pictures.js";
import { Results } from "./servo/results.js";
import { robustFigures } from "./servo/robust-figures.js";
import type { Scenario } from "./servo/scenario.js";
import { scenarios } from "./servo/scenarios.js";
import { measuredFigures, scoreFigures } from "./servo/score-figures.js";
import type { ServoJob } from "./servo/servo-job.js";

function rowFigures(scenario: Scenario, results: Results): Figure[] {
  switch (scenario.row) {
    case "servo":
    case "ptp":
    case "tails":
      return measuredFigures(scenario, results.of(scenario));
    case "holdover":
      return holdoverFigures(scenario, results);
    case "lock":
      return lockWorlds.filter(({ name }) => name === scenario.name).flatMap((lock) => lockFigures(lock, results.of(scenario)));
    case "robust":
      return robustFigures(scenario, results);
    default:
      return scenario.row satisfies never;
  }
}

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runServoBench(args: string[]): Promise<number> {
  const parsed = parseOptions(
    args,
    scenarios.map((scenario) => scenario.name),
  );
  if (parsed.kind === "error") {
    console.error(parsed.reason);
    return 2;
  }
  const { options } = parsed;
  if (options.plot) {
    for (const path of await writePictures()) console.log(path);
    return 0;
  }
  const wanted = scenarios.filter((scenario) => options.scenarios?.includes(scenario.name) ?? true);
  const results = new Results(options.seeds);
  const jobs = results.plan(wanted, options.duration);
  const figures: Figure[] = [];
  const report = (added: readonly Figure[]) => {
    figures.push(...added);
    if (options.json) printFigures(added, true);
  };
  await runParallel<ServoJob, RunFigures>(new URL("./servo/servo-job.js", import.meta.url), jobs, (run, index) => {
    const job = jobs[index];
    const scenario = wanted.find(({ name }) => name === job?.scenario);
    if (job && scenario && results.add(job, run))
      report([...rowFigures(scenario, results), ...scenarioBoundFigures(scenario, results.of(scenario))]);
  });
  report(scoreFigures(results));
  report(boundFigures(wanted, results));
  if (!options.json) printFigures(figures, false);
  return 0;
}
