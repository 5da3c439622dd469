/** Who lies how: sources of 1 µs of jitter at one exchange a second, as the targets of the vote are stated. */
import { createRandom, exponential, linkDefaults, type SimulatedLink, type World } from "@meridian/engine/sim";

/** What a liar shows beyond true time `t` s after the fault, ns; a seed makes a random one another in every run. */
type Lie = (seed: number) => (t: number) => number;

export interface VoteCase {
  readonly name: string;
  /** Honest sources; lies of the others. */
  readonly honest: number;
  readonly lies: readonly Lie[];
  /** An honest watchdog with 10 µs of jitter and an exchange every 16 s. */
  readonly watchdog?: true;
  /** The first fault is struck at, the run ends at, s. */
  readonly faultAt: number;
  readonly duration: number;
  /** The first liar is to be named within, s; null: nobody can be named. */
  readonly nameWithin: number | null;
}

const jump =
  (by: number): Lie =>
  () =>
  () =>
    by;
/** @param rate ns/s */
const ramp =
  (rate: number): Lie =>
  () =>
  (t) =>
    rate * t;
/** @param deviation ns/√s */
const walk =
  (deviation: number): Lie =>
  (seed) => {
    const random = createRandom(seed, 900);
    const path = [0];
    return (t) => {
      const second = Math.floor(t);
      while (path.length <= second) path.push((path.at(-1) ?? 0) + deviation * random.normal());
      return path[second] ?? 0;
    };
  };

/** Settled, and then time enough for the slowest target. s */
const usual = { faultAt: 800, duration: 2000 } as const;
const oneOfThree = (name: string, lie: Lie, nameWithin: number | null): VoteCase => ({
  name: `1of3.${name}`,
  honest: 2,
  lies: [lie],
  ...usual,
  nameWithin,
});

export const voteCases: readonly VoteCase[] = [
  { name: "3honest", honest: 3, lies: [], ...usual, nameWithin: null },
  oneOfThree("jump_1us", jump(1e3), 15),
  oneOfThree("jump_10us", jump(1e4), 15),
  oneOfThree("jump_1ms", jump(1e6), 15),
  oneOfThree("jump_37s", jump(37e9), 15),
  oneOfThree("ramp_1ns_s", ramp(1), 800),
  oneOfThree("ramp_10ns_s", ramp(10), 300),
  oneOfThree("walk_100ns", walk(100), 800),
  { name: "2of5.together_1ns_s", honest: 3, lies: [ramp(1), ramp(1)], ...usual, nameWithin: 800 },
  { name: "2of5.jump_10us_ramp_2ns_s", honest: 3, lies: [jump(1e4), ramp(-2)], ...usual, nameWithin: 15 },
  { name: "1of2.jump_10us", honest: 1, lies: [jump(1e4)], ...usual, nameWithin: 15 },
  { name: "1of2.ramp_1ns_s", honest: 1, lies: [ramp(1)], ...usual, nameWithin: null },
  { name: "2drift_1ns_s.watchdog", honest: 0, lies: [ramp(1), ramp(1)], watchdog: true, faultAt: 2000, duration: 10_000, nameWithin: null },
];

/** What a source vouches for, ns. */
const rootHard = 100;

/** Ids of honest sources begin with "h", of liars with "l", the watchdog's is "w". */
export function makeVoteWorld(one: VoteCase, seed: number): World {
  const source = (id: string, error?: (at: number) => number): SimulatedLink => {
    const law = exponential(5000, 1000);
    const link = { config: { ...linkDefaults, id, independenceGroup: id }, interval: 1, independentDirections: true } as const;
    return { ...link, toLocal: law, toRemote: law, remote: { rootHard }, ...(error && { error }) };
  };
  const links = Array.from({ length: one.honest }, (_, i) => source(`h${String(i)}`));
  one.lies.forEach((lie, i) => {
    const shown = lie(seed);
    links.push(source(`l${String(i)}`, (at) => (at < one.faultAt ? 0 : shown(at - one.faultAt))));
  });
  if (one.watchdog) {
    const law = exponential(100_000, 10_000);
    const config = { ...linkDefaults, id: "w", independenceGroup: "w", use: "Watchdog", interval: 16 } as const;
    links.push({ config, interval: 16, toLocal: law, toRemote: law, remote: { rootHard } });
  }
  return { duration: one.duration, offset: 1e6, oscillator: { frequency: 10_000, wander: 1 }, links };
}
