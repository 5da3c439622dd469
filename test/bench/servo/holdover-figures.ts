/**
 * Row 4. A random walk of frequency carries even a clock that knew everything away; what it cannot avoid, by the same seeds, is the
 * floor. Medians are divided, not seeds: a lucky seed's floor is near zero.
 */
import { type Figure, median, roundFigure, summarizeFigure } from "../figure.js";
import type { PeerName } from "../peers/peers.js";
import type { Results } from "./results.js";
import type { Scenario } from "./scenario.js";

export function holdoverFigures(scenario: Scenario, results: Results): Figure[] {
  const runs = results.of(scenario);
  const largest = runs.map(({ max }) => max);
  const ofPeer = (peer: PeerName) => median(results.of(scenario, peer).map(({ max }) => max));
  const divide = (metric: string, by: readonly number[], about: Pick<Figure, "target" | "moonshot" | "peer">): Figure => ({
    ...summarizeFigure(
      { metric: `servo.${scenario.name}.${metric}`, unit: "ratio", ...about },
      largest.map((value, i) => value / (by[i] ?? Number.NaN)),
    ),
    value: roundFigure(median(largest) / median(by)),
  });
  const floors = runs.map(({ wanderFloor }) => wanderFloor);
  const chrony = { name: "chrony, restated", value: roundFigure(ofPeer("chrony")) };
  const error = summarizeFigure(
    { metric: `servo.${scenario.name}.max`, unit: "ns", target: roundFigure(1.2 * median(floors)), peer: chrony },
    largest,
  );
  if (scenario.name === "holdover.wander") {
    const peer = { name: "chrony, restated", value: roundFigure(chrony.value / median(floors)) };
    return [error, divide("over_floor", floors, { target: 1.2, moonshot: 1.1, peer })];
  }
  const byChrony = results.of(scenario, "chrony").map(({ max }) => max);
  const over = divide("over_chrony", byChrony, { target: 0.5, moonshot: 0.2, peer: { name: "chrony, restated", value: 1 } });
  return [{ ...error, target: roundFigure(0.5 * median(byChrony)) }, over];
}
