/**
 * Fifteen ways in which the world goes wrong (the design's list), in the simulator, with the engine that runs in the agent. For every
 * fault: how wrong the clock was, how long both bounds did not say so once a packet could have told, and how long until the node
 * noticed, named the liar and was itself again.
 */
import { parseArgs } from "node:util";
import type { EventResult } from "./faults/fault-event.js";
import type { FaultJob } from "./faults/fault-job.js";
import { figuresOf } from "./faults/figures.js";
import { faultScenarios } from "./faults/scenarios.js";
import { printFigures } from "./figure.js";
import { runParallel } from "./parallel/run-parallel.js";
import { parseSeeds } from "./servo/options.js";

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runFaultsBench(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      seeds: { type: "string", default: "1-3" },
      scenario: { type: "string" },
      /** Only variants whose names begin so. */
      variant: { type: "string", default: "" },
      /** Figures of every variant instead of every scenario's. */
      each: { type: "boolean", default: false },
    },
  });
  const seeds = parseSeeds(values.seeds);
  if (seeds === null) throw new Error(`--seeds ${values.seeds}: expected A-B`);
  const numbers = values.scenario?.split(",").map(Number);
  const unknown = numbers?.find((number) => !faultScenarios.some((one) => one.number === number));
  if (unknown !== undefined) throw new Error(`--scenario ${String(values.scenario)}: expected numbers from 1 to 15`);
  const wanted = faultScenarios.filter(({ number }) => numbers?.includes(number) ?? true);
  const jobs: FaultJob[] = wanted.flatMap(({ number, variants }) =>
    variants
      .filter(({ name }) => name.startsWith(values.variant))
      .flatMap(({ name }) => seeds.map((seed) => ({ scenario: number, variant: name, seed }))),
  );
  if (jobs.length === 0) throw new Error(`--variant ${values.variant}: no variant of these scenarios begins so`);
  const results = await runParallel<FaultJob, readonly EventResult[]>(new URL("./faults/fault-job.js", import.meta.url), jobs);
  const eventsOf = (isMeant: (job: FaultJob) => boolean): EventResult[] =>
    results.flatMap((events, i) => (jobs.slice(i, i + 1).some(isMeant) ? events : []));
  const figures = wanted.flatMap((scenario) => {
    const { number, name } = scenario;
    const metric = `faults.${String(number).padStart(2, "0")}_${name}`;
    const groups = values.each
      ? scenario.variants.map((variant) => ({
          metric: `${metric}.${variant.name}`,
          events: eventsOf((job) => job.scenario === number && job.variant === variant.name),
        }))
      : [{ metric, events: eventsOf((job) => job.scenario === number) }];
    return groups.flatMap((group) => (group.events.length === 0 ? [] : figuresOf(scenario, group.metric, group.events)));
  });
  printFigures(figures, values.json);
  return 0;
}
