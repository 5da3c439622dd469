import { expect, test } from "vitest";
import { exponential } from "../../sim/delay-law.js";
import { Simulation } from "../../sim/simulate.js";
import { linkDefaults, type World } from "../../sim/world.js";
import type { ClockStability } from "../contract.js";
import { Ensemble } from "../ensemble.js";

const octave = (report: ClockStability | null, tau: number) => report?.octaves.find((one) => one.tau === tau);

test("in closed loop the oscillator's random walk and the clock's error are what they are", () => {
  const wander = 3;
  const delay = exponential(5000, 200);
  const world: World = {
    duration: 30_000,
    offset: 60_000,
    oscillator: { frequency: 12_000, wander },
    links: [{ config: { ...linkDefaults, interval: 1 }, interval: 1, independentDirections: true, toLocal: delay, toRemote: delay }],
    ensemble: { maxSlew: 500_000 },
  };
  const ensembles: Ensemble[] = [];
  new Simulation(
    world,
    1,
    (config, raw) => {
      const ensemble = new Ensemble(config, raw);
      ensembles.push(ensemble);
      return ensemble;
    },
    {},
  ).run();
  const report = ensembles[0]?.describeStability() ?? null;
  expect(report?.seconds).toBeGreaterThan(29_000);
  for (const tau of [64, 128, 256, 512]) {
    // AVAR of a random walk of the frequency: w² τ/3.
    const expected = wander * 1e-9 * Math.sqrt(tau / 3);
    const found = (octave(report, tau)?.allanDeviation ?? 0) / expected;
    expect(found).toBeGreaterThan(0.7);
    expect(found).toBeLessThan(1.4);
  }
  expect(octave(report, 1)?.ptpVariance).toBeGreaterThan(10e-9 ** 2);
  expect(octave(report, 1)?.ptpVariance).toBeLessThan(200e-9 ** 2);
});
