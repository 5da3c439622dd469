import { expect, test } from "vitest";
import { Ensemble } from "../ensemble/ensemble.js";
import { exponential } from "./delay-law.js";
import { type Observer, Simulation } from "./simulate.js";
import { VoteAlone } from "./vote-alone.js";
import { linkDefaults, type SimulatedLink, type World } from "./world.js";

const law = exponential(5000, 1000);
const link = (id: string, error: (at: number) => number): SimulatedLink => ({
  config: { ...linkDefaults, id, independenceGroup: id },
  interval: 1,
  independentDirections: true,
  toLocal: law,
  toRemote: law,
  remote: { rootHard: 100 },
  error,
});
const lie = (at: number): number => (at < 400 ? 0 : 5 * (at - 400));
const honest = (): number => 0;
const world: World = {
  duration: 700,
  offset: 1e6,
  oscillator: { frequency: 10_000, wander: 1 },
  links: [link("a", honest), link("b", honest), link("c", lie)],
};

/** Second at which each source was first named. */
function watch(named: () => Iterable<string>): { readonly first: Map<string, number>; readonly observer: Observer } {
  const first = new Map<string, number>();
  const second: Observer["second"] = (sample) => {
    for (const id of named()) if (!first.has(id)) first.set(id, sample.second);
  };
  return { first, observer: { second } };
}

test("the vote alone names whom the whole ensemble names, when it does", () => {
  const apart: number[] = [];
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const alone: { vote: VoteAlone["vote"] | null } = { vote: null };
    const small = watch(() => alone.vote?.named.keys() ?? []);
    const create = (...[config, raw]: ConstructorParameters<typeof VoteAlone>): VoteAlone => {
      const made = new VoteAlone(config, raw);
      alone.vote = made.vote;
      return made;
    };
    new Simulation(world, seed, create, small.observer).run();
    const first = new Map<string, number>();
    new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
      second({ second, publication }) {
        for (const { link: id, reason } of publication?.sources ?? []) if (reason === "DriftsAway" && !first.has(id)) first.set(id, second);
      },
    }).run();
    expect([...first.keys()]).toEqual(["c"]);
    expect([...small.first.keys()]).toEqual(["c"]);
    apart.push(Math.abs((small.first.get("c") ?? 0) - (first.get("c") ?? 0)));
  }
  // A clock that is steered rounds its stamps elsewhere: where a sum is just short of an alarm, the next block brings it.
  expect(apart.filter((seconds) => seconds <= 2).length).toBeGreaterThanOrEqual(5);
  expect(Math.max(...apart)).toBeLessThan(60);
});
