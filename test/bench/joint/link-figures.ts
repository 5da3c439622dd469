/** Several links beside the best of them alone. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import { claimFigures, rootMeanSquare } from "./claim-figures.js";
import type { LinkCase } from "./link-cases.js";
import type { LinksRun } from "./links-job.js";

/** By the number of equal links: how many times better than the best of them. √n is what independent noise would give. */
const gainTargets: Readonly<Record<number, number>> = { 2: 1.35, 4: 1.9, 8: 2.5 };
/** What a link that is worth little may cost, as a share of the error. */
const mostLoss = 1.03;

/** @param runs of that case, at least one */
export function linkFigures({ name, world, equal }: LinkCase, runs: readonly LinksRun[]): Figure[] {
  const metric = `joint.${name}`;
  const joints = runs.map(({ joint }) => joint);
  const claims = claimFigures(metric, joints);
  if (world.links.length === 1) return claims;
  const best = runs.map(({ solos }) => Math.min(...solos.map(({ rms }) => rms)));
  const losses = joints.map(({ rms }, i) => rms / (best[i] ?? Number.NaN));
  const gain = gainTargets[equal ?? 0] ?? 1 / mostLoss;
  return [rmsFigure(metric, runs, gain), ...(equal === null ? lossFigures(metric, losses) : [gainFigure(metric, losses, gain)]), ...claims];
}

/** Over all runs, beside the link that is best over all runs: the best of many in one run is also the luckiest. */
function rmsFigure(metric: string, runs: readonly LinksRun[], gain: number): Figure {
  const joints = runs.map(({ joint }) => joint.rms);
  const alone = (runs[0]?.solos ?? []).map((_, link) => rootMeanSquare(runs.map(({ solos }) => solos[link]?.rms ?? Number.NaN)));
  const best = Math.min(...alone);
  const peer = { name: "best link alone", value: roundFigure(best) };
  return {
    ...summarizeFigure({ metric: `${metric}.rms`, unit: "ns", target: roundFigure(best / gain), peer }, joints),
    value: roundFigure(rootMeanSquare(joints)),
  };
}

/** Run by run, beside the link that was best in that run. */
function gainFigure(metric: string, losses: readonly number[], target: number): Figure {
  const gains = losses.map((loss) => 1 / loss);
  return { ...summarizeFigure({ metric: `${metric}.gain`, unit: "ratio", target }, gains), better: "higher" };
}

function lossFigures(metric: string, losses: readonly number[]): Figure[] {
  const figure = summarizeFigure({ metric: `${metric}.over_best_solo`, unit: "ratio", target: mostLoss }, losses);
  return [figure, { ...figure, metric: `${figure.metric}.worst`, value: figure.spread[1] }];
}
