/** Row 5: how often the published bounds did not contain the true error, and how much larger than it they were. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import type { RunFigures, Violations } from "./measure-run.js";
import type { Results } from "./results.js";
import type { Scenario } from "./scenario.js";

const million = 1e6;
/** Where packets are a minute apart the bound may be larger, s. */
const slowPolls = 64;

type Pick = (violations: Violations) => number;

/** Of a million samples of all runs; its spread is that of the single runs. */
function violationFigure(metric: string, all: readonly Violations[], target: number, moonshot: number, pick: Pick): Figure[] {
  const counted = all.filter(({ samples }) => samples > 0);
  if (counted.length === 0) return [];
  const sum = (of: Pick) => counted.reduce((total, one) => total + of(one), 0);
  const perMillion = counted.map((one) => (million * pick(one)) / one.samples);
  return [
    {
      ...summarizeFigure({ metric: `servo.bound.${metric}`, unit: "per million", target, moonshot }, perMillion),
      value: roundFigure((million * sum(pick)) / sum(({ samples }) => samples)),
    },
  ];
}

function tightnessFigure(metric: string, runs: readonly RunFigures[], target: number, moonshot: number): Figure[] {
  const tightness = runs.map((run) => run.tightness);
  return tightness.length === 0 ? [] : [summarizeFigure({ metric: `servo.bound.${metric}`, unit: "ratio", target, moonshot }, tightness)];
}

/** One scenario's violations, where there are any: which of them spoils the sum. */
export function scenarioBoundFigures(scenario: Scenario, runs: readonly RunFigures[]): Figure[] {
  const counted = runs.map(({ violations }) => violations);
  const target = scenario.breaks === "SameLaws" ? 100 : 1;
  return [
    ...violationFigure(`${scenario.name}.calibrated`, counted, target, target / 10, ({ calibrated }) => calibrated),
    ...violationFigure(`${scenario.name}.guaranteed`, counted, 0, 0, ({ guaranteed }) => guaranteed),
  ].filter(({ value }) => value > 0);
}

export function boundFigures(scenarios: readonly Scenario[], results: Results): Figure[] {
  const runsOf = (isWanted: (scenario: Scenario) => boolean) => scenarios.filter(isWanted).flatMap((scenario) => results.of(scenario));
  const intervalOf = ({ world }: Scenario) => Math.max(...world.links.map(({ interval }) => interval));
  const plain = runsOf(({ breaks }) => breaks === undefined).map(({ violations }) => violations);
  const mixed = runsOf(({ breaks }) => breaks === "SameLaws").map(({ violations }) => violations);
  const all = runsOf(() => true);
  const steady = ({ row, world }: Scenario) => (row === "servo" || row === "ptp" || row === "tails") && world.faults === undefined;
  const detections = all.flatMap((run) => run.detections);
  const apart = all.map(({ violationsApart }) => violationsApart);
  return [
    ...violationFigure("calibrated.violations", plain, 1, 0.1, ({ calibrated }) => calibrated),
    ...violationFigure("calibrated.violations.mixed_laws", mixed, 100, 100, ({ calibrated }) => calibrated),
    ...violationFigure("guaranteed.violations", [...plain, ...mixed], 0, 0, ({ guaranteed }) => guaranteed),
    // No bound can hold there: what is to be short is the time, and nobody's target is the rate.
    ...violationFigure("until_detection.calibrated.violations", apart, million, million, ({ calibrated }) => calibrated),
    ...violationFigure("until_detection.guaranteed.violations", apart, million, million, ({ guaranteed }) => guaranteed),
    ...(detections.length === 0 ? [] : [summarizeFigure({ metric: "servo.bound.detection", unit: "s", target: 60 }, detections)]),
    ...tightnessFigure(
      "calibrated.tightness",
      runsOf((one) => steady(one) && intervalOf(one) < slowPolls),
      3,
      2.5,
    ),
    ...tightnessFigure(
      "calibrated.tightness.poll6",
      runsOf((one) => steady(one) && intervalOf(one) >= slowPolls),
      4.5,
      4.5,
    ),
  ];
}
