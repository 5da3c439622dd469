import { Ensemble, type Publication } from "@meridian/engine";
import { exponential, linkDefaults, Simulation, type World } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { ClockWatch } from "./clock-watch.js";

const law = exponential(1000, 1000);
const world: World = {
  duration: 900,
  offset: 5000,
  oscillator: { frequency: 100, wander: 1 },
  links: [{ config: linkDefaults, interval: 1, toLocal: law, toRemote: law }],
};

test("a clock that steers is as good as it says, and its bounds hold", () => {
  const watch = new ClockWatch(300);
  new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), watch.observer).run();
  const { rms, largest, real, claimed, samples, calibratedViolations, guaranteedViolations } = watch.figures;
  expect([samples, calibratedViolations, guaranteedViolations]).toEqual([600, 0, 0]);
  expect(largest).toBeGreaterThan(rms);
  expect(real / rms).toBeCloseTo(1, 0);
  expect(real / claimed).toBeGreaterThan(0.5);
  expect(real / claimed).toBeLessThan(2);
});

test("what is claimed is compared with the clock at the instant of the claim, and only while it counts", () => {
  const watch = new ClockWatch(10, 20);
  // Only these are looked at.
  const said = (offset: number, rootSigma: number | null) => ({
    commands: [],
    steps: [],
    publication: { offset, rootSigma } as Publication,
  });
  const nobody = new Ensemble();
  const moments = [
    [5, said(1000, 1), 0],
    [12, said(30, 5), 26],
    [13, said(9, null), 0],
    [14, said(-7, 5), -10],
    [25, said(1000, 1), 0],
  ] as const;
  for (const [at, decision, error] of moments) {
    watch.observer.decided(at, decision, nobody);
    watch.observer.moved(at, error);
    watch.observer.moved(at + 0.5, error + 500);
  }
  expect(watch.figures.real).toBeCloseTo(Math.sqrt((4 ** 2 + 3 ** 2) / 2), 12);
  expect(watch.figures.claimed).toBe(5);
});
