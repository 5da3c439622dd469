import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation } from "../sim/simulate.js";
import { linkDefaults, type SimulatedLink, type World } from "../sim/world.js";
import { Ensemble } from "./ensemble.js";

const [silentFrom, duration] = [6000, 9000];
const delay = exponential(5000, 1000);
const link = (id: string, behaviour: Partial<SimulatedLink>, use: "Primary" | "Watchdog" = "Primary"): SimulatedLink => ({
  config: { ...linkDefaults, id, use },
  interval: 1,
  independentDirections: true,
  toLocal: delay,
  toRemote: delay,
  remote: { rootHard: 100 },
  ...behaviour,
});
const gone = link("p", { isSilent: (at) => at >= silentFrom });

/** A room whose temperature swings: enough of it is seen to be fed forward. */
function holdOver(links: readonly SimulatedLink[]) {
  const oscillator = { frequency: 10_000, wander: 0.1, sine: { amplitude: 100, period: 1800 } };
  const world: World = { duration, offset: 1e6, oscillator, links };
  const errors: number[] = [];
  let uncovered = 0;
  new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), {
    second({ second, error, calibrated, guaranteed, publication }) {
      if (second < silentFrom + 20) return;
      expect(publication?.state).toBe("Holdover");
      errors.push(Math.abs(error));
      if (Math.abs(error) > (calibrated ?? 0) || Math.abs(error) > (guaranteed ?? 0)) uncovered++;
    },
  }).run();
  return { worst: Math.max(...errors), uncovered };
}

test.each<[string, readonly SimulatedLink[]]>([
  ["a watchdog that goes on speaking", [gone, link("w", {}, "Watchdog")]],
  ["a server that says that it has lost its own", [link("p", { remote: (at) => ({ rootHard: 100, uncertain: at >= silentFrom }) })]],
])("%s does not take the clock farther astray than silence", (_name, links) => {
  const alone = holdOver([gone]);
  const { worst, uncovered } = holdOver(links);
  expect(worst).toBeLessThan(2 * alone.worst);
  expect(uncovered).toBe(0);
});
