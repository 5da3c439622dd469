import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation } from "../sim/simulate.js";
import { linkDefaults, type World } from "../sim/world.js";
import type { Publication } from "./contract.js";
import { Ensemble } from "./ensemble.js";

interface Death {
  /** How often a bound that was still valid was exceeded. */
  readonly uncovered: number;
  /** The clock was slewing when everything stood still. */
  readonly slewing: boolean;
}

/** Process and threads stand still from `from` on; readers go on reading what was published. */
function die(from: number, polls: number, seed: number, maxSlew: number): Death {
  const delay = exponential(5000, 1000);
  const world: World = {
    duration: Math.ceil(from) + 10,
    offset: 60_000,
    oscillator: { frequency: 12_000, wander: 1 },
    links: [
      {
        config: { ...linkDefaults, interval: 1 / polls },
        interval: 1 / polls,
        independentDirections: true,
        toLocal: delay,
        toRemote: delay,
        remote: { rootHard: 100 },
      },
    ],
    ensemble: { step: { mode: "Never", threshold: 0 }, maxSlew },
    stall: [from, from + 9.5],
    stallsThreads: true,
  };
  let published: Publication | null = null;
  let publishedAt = 0;
  let slewEnd = Number.NEGATIVE_INFINITY;
  let uncovered = 0;
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
    decided(at, { publication, commands }) {
      if (publication !== null) [published, publishedAt] = [publication, at];
      for (const command of commands) slewEnd = at < from ? command.untilRaw : slewEnd;
    },
    moved(at, error) {
      const age = at - publishedAt;
      if (published === null || age > published.voidAfter || at > from + 9.5) return;
      const { guaranteed, guaranteedGrowth, calibrated, calibratedGrowth } = published;
      if (guaranteed !== null && Math.abs(error) > guaranteed + guaranteedGrowth * age + 1) uncovered += 1;
      if (calibrated !== null && Math.abs(error) > calibrated + calibratedGrowth * age + 1) uncovered += 1;
    },
  }).run();
  return { uncovered, slewing: slewEnd > 1000 + from };
}

test.each([
  [1, 100_000],
  [16, 100_000],
  // Sixty microseconds take longer than a publication lives.
  [1, 5000],
  [16, 5000],
])(
  "what was published stays true when everything stands still at any moment of a slew (%i packets a second, at most %i ppb)",
  (polls, maxSlew) => {
    let slewing = 0;
    for (let phase = 0; phase < 160; phase++) {
      const death = die(8 + phase / 16 + (phase % 7) / 113, polls, 1 + (phase % 5), maxSlew);
      expect({ phase, ...death }).toMatchObject({ uncovered: 0 });
      if (death.slewing) slewing += 1;
    }
    expect(slewing).toBeGreaterThan(20);
  },
);
