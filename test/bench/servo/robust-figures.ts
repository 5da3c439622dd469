/**
 * The robust list: against the best of the peers in each scenario, seed by seed. Where a peer was measured in that very world and its
 * restatement is farther off than 15 %, the measured figure stands for every seed, and the peer's name says so.
 */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import { deviations } from "../peers/deviations.js";
import { measuredRuns, programs } from "../peers/measured.js";
import type { PeerName } from "../peers/peers.js";
import { type PairedRatio, pairRatios } from "./paired-ratio.js";
import type { Results } from "./results.js";
import type { Scenario } from "./scenario.js";

const limit = 1.05;

interface Rival {
  readonly name: string;
  readonly rms: readonly number[];
  readonly ratio: PairedRatio;
}

function judgeRival(scenario: Scenario, peer: PeerName, results: Results, ours: readonly number[]): Rival {
  const measured =
    scenario.name in deviations[peer] ? measuredRuns.find((run) => run.peer === peer && run.name === scenario.name)?.rms : undefined;
  const rms = measured === undefined ? results.of(scenario, peer).map((run) => run.rms) : ours.map(() => measured);
  const name = measured === undefined ? `${peer}, restated` : `${programs[peer]} (measured)`;
  return { name, rms, ratio: pairRatios(ours, rms) };
}

export function robustFigures(scenario: Scenario, results: Results): Figure[] {
  const ours = results.of(scenario).map(({ rms }) => rms);
  const rivals = scenario.peers.map((peer) => judgeRival(scenario, peer, results, ours));
  const [best] = rivals.toSorted((a, b) => b.ratio.mean - a.ratio.mean);
  if (best === undefined || ours.length === 0) return [];
  const name = `servo.robust.${scenario.name}`;
  const theirs = summarizeFigure({ metric: name, unit: "ns", target: 0 }, best.rms).value;
  const peer = { name: best.name, value: theirs };
  const ratio = summarizeFigure(
    { metric: `${name}.ratio`, unit: "ratio", target: limit, peer: { name: best.name, value: 1 } },
    best.ratio.ratios,
  );
  return [
    summarizeFigure({ metric: `${name}.rms`, unit: "ns", target: roundFigure(limit * theirs), peer }, ours),
    { ...ratio, value: roundFigure(best.ratio.mean) },
    // One seed has no interval.
    ...(ours.length < 2 ? [] : [{ ...ratio, metric: `${name}.ratio.upper95`, value: roundFigure(best.ratio.upper95) }]),
  ];
}
