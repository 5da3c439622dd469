/** Whether a clock says of itself what is true: neither more than it knows nor less, and no bound that does not hold. */
import { type Figure, roundFigure, summarizeFigure } from "../figure.js";
import type { ClockFigures } from "./clock-watch.js";

/** Real ÷ claimed: beyond the first it claims to know what it does not, below the second it knows more than it says. */
const mostReal = 1.1;
const leastReal = 0.8;

/** Over all runs together: a run is a few dozen correlation times long, and says little by itself. @param runs at least one */
export function claimFigures(metric: string, runs: readonly ClockFigures[]): Figure[] {
  const pooled = rootMeanSquare(runs.map(({ real }) => real)) / rootMeanSquare(runs.map(({ claimed }) => claimed));
  const ratios = runs.map(({ real, claimed }) => real / claimed);
  const about = { metric: `${metric}.real_over_claimed`, unit: "ratio" };
  return [
    { ...summarizeFigure({ ...about, target: mostReal }, ratios), value: roundFigure(pooled) },
    {
      ...summarizeFigure({ ...about, metric: `${about.metric}.least`, target: leastReal }, ratios),
      value: roundFigure(pooled),
      better: "higher",
    },
    violations(`${metric}.calibrated_violations`, 1, runs, ({ calibratedViolations }) => calibratedViolations),
    violations(`${metric}.guaranteed_violations`, 0, runs, ({ guaranteedViolations }) => guaranteedViolations),
  ];
}

export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

function violations(metric: string, target: number, runs: readonly ClockFigures[], of: (run: ClockFigures) => number): Figure {
  const total = (count: (run: ClockFigures) => number) => runs.reduce((sum, run) => sum + count(run), 0);
  return {
    ...summarizeFigure(
      { metric, unit: "per million", target },
      runs.map((run) => (1e6 * of(run)) / run.samples),
    ),
    value: roundFigure((1e6 * total(of)) / total(({ samples }) => samples)),
  };
}
