/** Rows 1–3: errors beside those of the programs themselves, and the score of the scored worlds. */
import { type Figure, median, roundFigure, summarizeFigure } from "../figure.js";
import { measuredWorlds } from "./measured-worlds.js";
import type { RunFigures } from "./measure-run.js";
import type { Results } from "./results.js";
import type { Scenario } from "./scenario.js";

export function measuredFigures(scenario: Scenario, runs: readonly RunFigures[]): Figure[] {
  return scenario.figures.map(({ kind, target, moonshot, peer }) =>
    summarizeFigure(
      {
        metric: `servo.${scenario.name}.${kind}`,
        unit: "ns",
        target: roundFigure(target),
        moonshot: roundFigure(moonshot),
        peer,
      },
      runs.map((run) => run[kind]),
    ),
  );
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The score of the medians; its spread is that of the single seeds. Nothing unless every scored world ran. */
export function scoreFigures(results: Results): Figure[] {
  const scored = measuredWorlds.filter(({ row }) => row === "servo");
  const runs = scored.map((scenario) => results.of(scenario).map(({ rms }) => rms));
  if (runs.some((values) => values.length === 0)) return [];
  const peers = scored.map(({ figures }) => figures[0]?.peer.value ?? Number.NaN);
  const ratios = runs.map((values, i) => median(values) / (peers[i] ?? Number.NaN));
  const bySeed = (runs[0] ?? []).map((_, seed) =>
    geometricMean(runs.map((values, i) => (values[seed] ?? Number.NaN) / (peers[i] ?? Number.NaN))),
  );
  const about = { unit: "ratio", peer: { name: "chronyd 4.3", value: 1 } };
  return [
    {
      ...summarizeFigure({ ...about, metric: "servo.score", target: 0.3, moonshot: 0.27 }, bySeed),
      value: roundFigure(geometricMean(ratios)),
    },
    {
      ...summarizeFigure({ ...about, metric: "servo.score.worst", target: 0.6, moonshot: 0.52 }, ratios),
      value: roundFigure(Math.max(...ratios)),
    },
  ];
}
