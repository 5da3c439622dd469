import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { type Look, Simulation } from "../sim/simulate.js";
import { linkDefaults } from "../sim/world.js";
import { foreignSteeringGrowth } from "./contract.js";
import { Ensemble } from "./ensemble.js";
import { SteeringFrame } from "./steering-frame.js";
import { UnexplainedSteering } from "./unexplained-steering.js";

const slewAt = 100.2;
const lasts = 1.5;

/** Somebody slews the clock by 500 ppm for a while; what every packet after the first one of that time finds published. */
function slewBy(sign: number, seed: number): readonly Look[] {
  const looks: Look[] = [];
  const law = exponential(10_000, 100);
  const world = {
    duration: slewAt + 60,
    offset: 1e6,
    oscillator: { frequency: 10_000, wander: 1 },
    links: [{ config: linkDefaults, interval: 1 / 16, toLocal: law, toRemote: law, remote: { rootHard: 100 } }],
    ensemble: { maxSlew: 50_000 },
    faults: [{ at: slewAt, kind: "foreignSlew", by: sign * 500_000, lasts } as const],
  };
  let informed = false;
  const note = (look: Look): void => {
    if (informed) looks.push(look);
  };
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
    readsAfter: (after) => Math.max(slewAt, after + 0.003),
    read: note,
    heard(_measurement, look) {
      informed ||= look.at > slewAt + 0.002;
      note(look);
    },
  }).run();
  return looks;
}

const cases = [1, -1].flatMap((sign) => [1, 2, 3].map((seed) => [sign, seed] as const));

test.each(cases)(
  "while another program slews the clock both bounds hold from the first packet that shows it (%i, seed %i)",
  (sign, seed) => {
    const looks = slewBy(sign, seed);
    const wrong = (bound: (look: Look) => number | null) =>
      looks.filter((look) => Math.abs(look.error) > (bound(look) ?? Number.POSITIVE_INFINITY));
    expect(Math.max(...looks.map(({ error }) => Math.abs(error)))).toBeGreaterThan(500_000);
    expect(wrong((look) => look.guaranteed)).toEqual([]);
    expect(wrong((look) => look.calibrated)).toEqual([]);
    expect(looks.at(-1)?.publication?.calibratedGrowth).toBeLessThan(100_000);
  },
);

test("our own command that came late, and a step, are nobody else's", () => {
  const [frame, strangers] = [new SteeringFrame(), new UnexplainedSteering()];
  const read = (raw: number, steering: number, era = 0, late = 0): boolean => {
    const isNew = strangers.compare(frame, { raw, steering, era }, late);
    frame.read({ clock: "", raw, steering, frequency: 0, era });
    return isNew;
  };
  expect([read(1, 0), read(2, 0), read(3, 900), read(4, 5000, 0, 4000)]).toEqual([false, false, false, false]);
  expect(read(5, 1e9, 1)).toBe(false);
  expect(strangers.growthAt(5)).toBe(0);
  expect([read(6, 1e9 + 2000, 1), read(6.5, 1e9 + 4000, 1)]).toEqual([true, false]);
  expect(strangers.growthAt(7.5)).toBe(foreignSteeringGrowth);
  expect(strangers.growthAt(7.6)).toBe(0);
});
