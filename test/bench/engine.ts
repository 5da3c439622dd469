/**
 * What the engine costs: the link filter alone, and the whole engine with packets in and actions out. CPU, garbage and memory;
 * accuracy is `servo`'s matter. Rounds run one after the other, each in a fresh thread.
 */
import { parseArgs } from "node:util";
import type { EngineJob, EngineRound } from "./engine/engine-job.js";
import { type Figure, printFigures, summarizeFigure } from "./figure.js";
import { runParallel } from "./parallel/run-parallel.js";

const mostRounds = 50;

/** Exit code: 0 when it measured, whatever the figures say; 2 when it could not run. */
export async function runEngineBench(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > mostRounds)
    throw new Error(`--rounds ${values.rounds} is not in 1 … ${String(mostRounds)}`);
  const seeds = Array.from({ length: rounds }, (_, round) => round + 1);
  const link = await runRounds(seeds, (seed) => ({ kind: "link", law: "exponential", seed }));
  const correlated = await runRounds(seeds, (seed) => ({ kind: "link", law: "correlated", seed }));
  const memory = await runRounds(seeds, (seed) => ({ kind: "memory", seed }));
  const figures = [
    figureOf("link.exchange", "ns", 3000, link, ({ cost }) => cost, 1500),
    rateOf("link.rate", 200_000, link),
    figureOf("link.allocated", "B/exchange", 0, link, ({ allocated }) => allocated),
    figureOf("link.correlated.exchange", "ns", 3000, correlated, ({ cost }) => cost, 1500),
    figureOf("link.correlated.allocated", "B/exchange", 0, correlated, ({ allocated }) => allocated),
    figureOf("link.kept", "B", 16 * 1024, memory, ({ kept }) => kept),
  ];
  for (const logInterval of [-4, -7]) {
    const whole = await runRounds(seeds, (seed) => ({ kind: "whole", logInterval, seed }));
    const name = `whole.at${String(2 ** -logInterval)}`;
    figures.push(
      figureOf(`${name}.exchange`, "ns", 50_000, whole, ({ cost }) => cost),
      rateOf(`${name}.rate`, 20_000, whole),
      figureOf(`${name}.allocated`, "B/exchange", 0, whole, ({ allocated }) => allocated),
    );
  }
  printFigures(figures, values.json);
  return 0;
}

/** One at a time: on a busy neighbour core the same work takes longer. */
async function runRounds(seeds: readonly number[], jobOf: (seed: number) => EngineJob): Promise<EngineRound[]> {
  const rounds: EngineRound[] = [];
  for (const seed of seeds)
    rounds.push(...(await runParallel<EngineJob, EngineRound>(new URL("./engine/engine-job.js", import.meta.url), [jobOf(seed)])));
  return rounds;
}

function figureOf(
  metric: string,
  unit: string,
  target: number,
  rounds: readonly EngineRound[],
  read: (round: EngineRound) => number,
  moonshot?: number,
): Figure {
  return summarizeFigure({ metric: `engine.${metric}`, unit, target, ...(moonshot !== undefined && { moonshot }) }, rounds.map(read));
}

/** Exchanges in a second of one core. */
function rateOf(metric: string, target: number, rounds: readonly EngineRound[]): Figure {
  const rates = rounds.map(({ cost }) => 1e9 / cost);
  return { ...summarizeFigure({ metric: `engine.${metric}`, unit: "1/s", target }, rates), better: "higher" };
}
