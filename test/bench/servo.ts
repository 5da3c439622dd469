/**
 * Servo benchmark: the estimator in closed loop against simulated oscillators and networks, with the peers' figures for the
 * same model. Prints a table, or with --json one figure a line.
 */
import { type Figure, median, printFigures, roundFigure, summarizeFigure } from "./figure.js";
import { measureRun, type RunFigures } from "./servo/measure-run.js";
import { parseOptions } from "./servo/options.js";
import { type Peer, type Scenario, scenarios } from "./servo/scenarios.js";

function summarize(metric: string, unit: string, values: readonly number[], target: number, moonshot: number, peer?: Peer): Figure {
  const about = { metric, unit, target: roundFigure(target), moonshot: roundFigure(moonshot) };
  return summarizeFigure(peer === undefined ? about : { ...about, peer }, values);
}

function scenarioFigures(scenario: Scenario, runs: readonly RunFigures[]): Figure[] {
  return scenario.figures.map(({ kind, target, moonshot, peer }) =>
    summarize(
      `servo.${scenario.name}.${kind}`,
      "ns",
      runs.map((run) => run[kind]),
      target,
      moonshot,
      peer,
    ),
  );
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The score of the medians; its spread is that of the single seeds. */
function scoreFigures(results: ReadonlyMap<Scenario, readonly RunFigures[]>): Figure[] {
  const scored = [...results].filter(([scenario]) => scenario.scored);
  if (scored.length < scenarios.filter((scenario) => scenario.scored).length) return [];
  const peerOf = (scenario: Scenario) => scenario.figures[0]?.peer.value ?? Number.NaN;
  const ratios = scored.map(([scenario, runs]) => median(runs.map((run) => run.rms)) / peerOf(scenario));
  const count = scored[0]?.[1].length ?? 0;
  const bySeed = Array.from({ length: count }, (_, i) =>
    geometricMean(scored.map(([scenario, runs]) => (runs[i]?.rms ?? Number.NaN) / peerOf(scenario))),
  );
  const peer = { name: "chronyd 4.3", value: 1 };
  const score = summarize("servo.score", "ratio", bySeed, 0.3, 0.27, peer);
  const worst = summarize("servo.score.worst", "ratio", ratios, 0.6, 0.52, peer);
  return [
    { ...score, value: roundFigure(geometricMean(ratios)) },
    { ...worst, value: roundFigure(Math.max(...ratios)) },
  ];
}

function boundFigures(results: ReadonlyMap<Scenario, readonly RunFigures[]>): Figure[] {
  const runs = [...results.values()].flat();
  const rate = (count: (run: RunFigures) => number) => runs.map((run) => (1e6 * count(run)) / run.samples);
  const total = runs.reduce((sum, run) => sum + run.samples, 0);
  const overall = (count: (run: RunFigures) => number) => roundFigure((1e6 * runs.reduce((sum, run) => sum + count(run), 0)) / total);
  return [
    {
      ...summarize(
        "servo.bound.calibrated.violations",
        "per million",
        rate((run) => run.calibratedViolations),
        1,
        0.1,
      ),
      value: overall((run) => run.calibratedViolations),
    },
    {
      ...summarize(
        "servo.bound.guaranteed.violations",
        "per million",
        rate((run) => run.guaranteedViolations),
        0,
        0,
      ),
      value: overall((run) => run.guaranteedViolations),
    },
    summarize(
      "servo.bound.calibrated.tightness",
      "ratio",
      runs.map((run) => run.tightness),
      3,
      2.5,
    ),
  ];
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
  const wanted = scenarios.filter((scenario) => options.scenarios?.includes(scenario.name) ?? true);
  const results = new Map<Scenario, readonly RunFigures[]>();
  const figures: Figure[] = [];
  const report = (added: readonly Figure[]) => {
    figures.push(...added);
    if (options.json) printFigures(added, true);
  };
  for (const scenario of wanted) {
    const world = options.duration === null ? scenario.world : { ...scenario.world, duration: options.duration };
    const runs = options.seeds.map((seed) => measureRun(world, seed));
    results.set(scenario, runs);
    report(scenarioFigures(scenario, runs));
    // Between scenarios others may run: progress is shown, signals are seen.
    await new Promise((resolve) => setImmediate(resolve));
  }
  report(scoreFigures(results));
  report(boundFigures(results));
  if (!options.json) printFigures(figures, false);
  return 0;
}
