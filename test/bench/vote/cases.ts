/** Who lies how: sources of 1 µs of jitter at one exchange a second, as the targets of the vote are stated, unless a case says otherwise. */
import {
  correlated,
  createRandom,
  type DelayLaw,
  exponential,
  linkDefaults,
  loadCycle,
  type SimulatedLink,
  type World,
} from "@meridian/engine/sim";

/** What a liar shows beyond true time `t` s after the fault, ns; a seed makes a random one another in every run. */
type Lie = (seed: number) => (t: number) => number;

/** What may be said of an honest source that is not like the others. */
export interface SourceKind {
  readonly law: DelayLaw;
  readonly interval: number;
  /** Sources of one group count once. */
  readonly group?: string;
  /** It is always that far from the others, ns: an asymmetry. */
  readonly apart?: number;
}

export interface VoteCase {
  readonly name: string;
  readonly honest: readonly SourceKind[];
  readonly lies: readonly Lie[];
  /** All liars are one group. */
  readonly together?: true;
  /** An honest watchdog with 10 µs of jitter and an exchange every 16 s. */
  readonly watchdog?: true;
  /** The first fault is struck at, the liars tell the truth again at (default: never), the run ends at, s. */
  readonly faultAt: number;
  readonly returnAt?: number;
  readonly duration: number;
  /** The first liar is to be named within, s; null: nobody can be, or nobody lies. */
  readonly nameWithin: number | null;
  /** Too small a lie to be named or told of: the others are only not to suffer. */
  readonly isSmall?: true;
  /** One seed in twenty is enough: it is long, or much like another. */
  readonly isRare?: true;
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
/** Wrong by `by` ns for 20 s of every two minutes: doubted and heard in turn. */
const nowAndThen =
  (by: number): Lie =>
  () =>
  (t) =>
    t % 120 < 20 ? by : 0;

const usualLaw = exponential(5000, 1000);
const usualSource: SourceKind = { law: usualLaw, interval: 1 };
const usualSources = (count: number): SourceKind[] => Array.from({ length: count }, () => usualSource);
const ntp = (jitter: number): SourceKind => ({ law: exponential(20 * jitter, jitter), interval: 16 });

/** Settled, and then time enough for the slowest target; a jump is over soon. s */
const slow = { faultAt: 800, duration: 1700 } as const;
const quick = { faultAt: 800, duration: 1100 } as const;
const oneOfThree = (name: string, lie: Lie, nameWithin: number | null, times: Pick<VoteCase, "faultAt" | "duration">): VoteCase => ({
  name: `1of3.${name}`,
  honest: usualSources(2),
  lies: [lie],
  ...times,
  nameWithin,
});
const allHonest = (name: string, honest: readonly SourceKind[], duration: number): VoteCase => ({
  name,
  honest,
  lies: [],
  faultAt: 800,
  duration,
  nameWithin: null,
  isRare: true,
});

export const voteCases: readonly VoteCase[] = [
  allHonest("3honest", usualSources(3), 1700),
  allHonest("honest.apart", [usualSource, { ...usualSource, apart: 400 }, { ...usualSource, apart: -400 }], 1700),
  allHonest("honest.ptp_beside_ntp_10ms", [{ law: exponential(2000, 100), interval: 1 }, ntp(1e6), ntp(1e7)], 6000),
  allHonest("honest.one_group", [{ ...usualSource, group: "g" }, { ...usualSource, group: "g" }, usualSource], 1700),
  allHonest("honest.queues_alike", [{ law: correlated(5000, 1000, 20), interval: 1 }, usualSource, usualSource], 6000),
  allHonest(
    "honest.load_comes_and_goes",
    [{ law: loadCycle(5000, 1000, 5000, { busy: 300, period: 900 }), interval: 1 }, usualSource, usualSource],
    6000,
  ),
  oneOfThree("jump_1us", jump(1e3), 15, quick),
  oneOfThree("jump_10us", jump(1e4), 15, quick),
  { ...oneOfThree("jump_1ms", jump(1e6), 15, quick), isRare: true },
  oneOfThree("jump_37s", jump(37e9), 15, quick),
  oneOfThree("ramp_1ns_s", ramp(1), 800, slow),
  oneOfThree("ramp_10ns_s", ramp(10), 300, quick),
  oneOfThree("walk_100ns", walk(100), 800, slow),
  {
    name: "1of3.now_and_then_500ns",
    honest: usualSources(2),
    lies: [nowAndThen(500)],
    faultAt: 800,
    duration: 3000,
    nameWithin: null,
    isSmall: true,
    isRare: true,
  },
  { ...oneOfThree("jump_10us_returns", jump(1e4), 15, { faultAt: 800, duration: 6000 }), returnAt: 1400, isRare: true },
  {
    name: "2of4.one_group_10ns_s",
    honest: usualSources(2),
    lies: [ramp(10), ramp(10)],
    together: true,
    ...quick,
    nameWithin: 300,
    isRare: true,
  },
  { name: "2of5.together_1ns_s", honest: usualSources(3), lies: [ramp(1), ramp(1)], ...slow, nameWithin: 800 },
  { name: "2of5.jump_10us_ramp_2ns_s", honest: usualSources(3), lies: [jump(1e4), ramp(-2)], ...quick, nameWithin: 15 },
  { name: "1of2.jump_10us", honest: usualSources(1), lies: [jump(1e4)], ...quick, nameWithin: 15 },
  { name: "1of2.ramp_1ns_s", honest: usualSources(1), lies: [ramp(1)], ...slow, nameWithin: null },
  {
    name: "2drift_1ns_s.watchdog",
    honest: [],
    lies: [ramp(1), ramp(1)],
    watchdog: true,
    faultAt: 2000,
    duration: 10_000,
    nameWithin: null,
    isRare: true,
  },
];

/** What a source vouches for, ns. */
const rootHard = 100;

/** What liar `index` of a case shows beyond true time, ns. */
export function lieOf(one: VoteCase, index: number, seed: number): (at: number) => number {
  const shown = one.lies[index]?.(seed) ?? (() => 0);
  return (at) => (at < one.faultAt || at >= (one.returnAt ?? Number.POSITIVE_INFINITY) ? 0 : shown(at - one.faultAt));
}

/** Ids of honest sources begin with "h", of liars with "l", the watchdog's is "w". */
export function makeVoteWorld(one: VoteCase, seed: number): World {
  const links: SimulatedLink[] = [];
  const add = (id: string, { law, interval, group, apart = 0 }: SourceKind, error?: (at: number) => number): void => {
    const config = { ...linkDefaults, id, independenceGroup: group ?? id, interval, uncertainty: Math.abs(apart) };
    const link = { config, interval, independentDirections: interval === 1, toLocal: law, toRemote: law } as const;
    const shown = error ?? (apart === 0 ? undefined : () => apart);
    links.push({ ...link, remote: { rootHard: rootHard + Math.abs(apart) }, ...(shown && { error: shown }) });
  };
  one.honest.forEach((kind, i) => add(`h${String(i)}`, kind));
  one.lies.forEach((_, i) => add(`l${String(i)}`, { ...usualSource, ...(one.together && { group: "liars" }) }, lieOf(one, i, seed)));
  if (one.watchdog) {
    const law = exponential(100_000, 10_000);
    const config = { ...linkDefaults, id: "w", independenceGroup: "w", use: "Watchdog", interval: 16 } as const;
    links.push({ config, interval: 16, toLocal: law, toRemote: law, remote: { rootHard } });
  }
  return { duration: one.duration, offset: 1e6, oscillator: { frequency: 10_000, wander: 1 }, links };
}
