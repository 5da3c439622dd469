/**
 * A day offline: no operator, no API server, no network. The ensemble that runs in the agent, in the simulator with the agent's
 * limits: locked for two hours, alone for a day with one restart in its middle, then found again by its sources.
 */
import { parseArgs } from "node:util";
import { type Figure, printFigures, roundFigure, summarizeFigure } from "./figure.js";
import { checkpoints, type DayFigures, measureDay } from "./offline/measure-day.js";
import { offlineWorlds } from "./offline/worlds.js";
import { parseSeeds } from "./servo/options.js";

const lockedFor = 7200;
const returnedFor = 7200;
const [fewestHours, mostHours] = [3, 24 * 30];
/** ns → ms. */
const milli = 1e-6;

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runOfflineBench(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      hours: { type: "string", default: "24" },
      seeds: { type: "string", default: "1-3" },
      world: { type: "string" },
    },
  });
  const hours = Number(values.hours);
  if (!Number.isInteger(hours) || hours < fewestHours || hours > mostHours)
    throw new Error(`--hours ${values.hours} is not in ${String(fewestHours)} … ${String(mostHours)}`);
  const seeds = parseSeeds(values.seeds);
  if (seeds === null) throw new Error(`--seeds ${values.seeds}: expected A-B`);
  const names = values.world?.split(",");
  const unknown = names?.find((name) => !offlineWorlds.some((world) => world.name === name));
  if (unknown !== undefined) throw new Error(`--world ${unknown}: not one of ${offlineWorlds.map(({ name }) => name).join(", ")}`);
  const figures: Figure[] = [];
  const all: DayFigures[] = [];
  for (const world of offlineWorlds.filter(({ name }) => names?.includes(name) ?? true)) {
    process.stderr.write(`${world.name}: ${world.about}\n`);
    const days: DayFigures[] = [];
    for (const seed of seeds) {
      days.push(measureDay(world, { lockedFor, silentFor: hours * 3600, returnedFor }, seed));
      // Signals are seen between days.
      await new Promise((resolve) => setImmediate(resolve));
    }
    all.push(...days);
    figures.push(...errorFigures(world.name, days));
  }
  figures.push(...figuresOfAll(all));
  printFigures(figures, values.json);
  return 0;
}

/** How far the clock went, and how far it said it might have gone: the target of a bound is what the other one allows at most. */
function errorFigures(name: string, days: readonly DayFigures[]): Figure[] {
  return checkpoints.flatMap((hours) => {
    const told = days.flatMap((day) => day.checkpoints.filter((checkpoint) => checkpoint.hours === hours));
    if (told.length === 0) return [];
    const figure = (what: string, target: number, pick: (checkpoint: (typeof told)[number]) => number): Figure =>
      summarizeFigure(
        { metric: `offline.${name}.at${String(hours)}h.${what}`, unit: "ms", target: roundFigure(target) },
        told.map((one) => milli * pick(one)),
      );
    const assumed = 1e-3 * hours * 3600;
    return [
      figure("error", assumed, ({ worst }) => worst),
      figure("calibrated", 2 * assumed, ({ calibrated }) => calibrated),
      figure("guaranteed", 3 * assumed, ({ guaranteed }) => guaranteed),
    ];
  });
}

function figuresOfAll(days: readonly DayFigures[]): Figure[] {
  const samples = days.reduce((sum, day) => sum + day.samples, 0);
  const summed = (metric: string, unit: string, target: number, scale: number, pick: (day: DayFigures) => number): Figure => ({
    ...summarizeFigure(
      { metric: `offline.${metric}`, unit, target },
      days.map((day) => (scale === 1 ? pick(day) : (scale * pick(day)) / day.samples)),
    ),
    value: roundFigure(days.reduce((sum, day) => sum + pick(day), 0) * (scale === 1 ? 1 : scale / samples)),
  });
  const each = (metric: string, unit: string, target: number, pick: (day: DayFigures) => number): Figure =>
    summarizeFigure({ metric: `offline.${metric}`, unit, target }, days.map(pick));
  return [
    summed("bound.calibrated.violations", "per million", 1, 1e6, (day) => day.calibratedViolations),
    summed("bound.guaranteed.violations", "of all", 0, 1, (day) => day.guaranteedViolations),
    summed("void", "s", 0, 1, (day) => day.voidSeconds),
    summed("not_holdover", "s", 0, 1, (day) => day.otherSeconds),
    summed("steps", "of all", 0, 1, (day) => day.steps),
    each("relock", "s", 1800, (day) => day.relockSeconds),
    each("heap_growth", "kB/h", 8, (day) => day.heapGrowth / 1024),
    each("cpu", "s/day", 60, (day) => day.cpuPerDay),
  ];
}
