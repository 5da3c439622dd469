/** 9: the device of the clock is reset in the middle of a slew; a node follows hardware clocks of its own, and one is reset or gone. */
import type { ClockId, ComparisonConfig } from "@meridian/engine";
import { epochSeconds, type OtherClock, type Random } from "@meridian/engine/sim";
import type { FaultEvent } from "./fault-event.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { FaultNetwork, onSegment } from "./segment-scenario.js";
import { formatNanoseconds, type LinkStyle, linkOf, strikeAt, styles, worldOf } from "./worlds.js";

const second = 1e9;
const slewed = 1e6;
/** Mean, ns. */
const busDelay = 20;
/** The slew of 1 ms takes 20 s at 50 ppm. */
const phases = [1, 5, 10, 18];
/** A driver sets the device by the system's clock, in the wrong scale, or to nothing at all. */
const resets = [2e4, -5e6, -37 * second, -(2 ** 51)];

function reset(style: LinkStyle, phase: number, by: number): FaultVariant {
  return inWorld(`reset.${style.name}.phase${String(phase)}s.${formatNanoseconds(by)}`, (seed) => {
    const stepAt = strikeAt(style, seed);
    const at = stepAt + phase;
    const until = at + style.watched;
    const faults = [
      { at: stepAt, kind: "referenceStep", by: slewed },
      { at, kind: "clockReset", by },
    ] as const;
    const event: FaultEvent = { at, until, size: Math.abs(by) + slewed };
    return { world: worldOf([linkOf(style, "a", 10_000)], until + 1, { faults }), events: [event] };
  });
}

const comparison = (source: string, reference: ClockId, priority: number): ComparisonConfig => ({
  source,
  reference,
  referenceScale: "UTC",
  use: "Primary",
  priority,
  independenceGroup: source,
  delayCompensation: 0,
  uncertainty: 100,
});

/** A device as its bus makes it: every reading is late by up to some 100 ns. */
type Device = (random: Random) => OtherClock;

/** A hardware clock that something else keeps true, to within its uncertainty. @param shows beyond truth, ns; null: nothing */
const deviceOf =
  (shows: (at: number) => number | null, era: (at: number) => number): Device =>
  (random) =>
  (at) => {
    const error = shows(at);
    if (error === null) return null;
    const ns = Math.round(at * second + error + busDelay * random.exponential());
    const seconds = Math.floor(ns / second);
    return { instant: { seconds: epochSeconds + seconds, nanoseconds: ns - seconds * second }, era: era(at) };
  };

const [struck, until] = [300.3, 600];

const constant = () => 0;
const steady = deviceOf(() => 30, constant);

/** @param clocks how many the node has; the first is struck */
function follows(name: string, clocks: number, first: Device, event: Partial<FaultEvent>): FaultVariant {
  return onSegment(name, (seed) => {
    const network = new FaultNetwork(seed);
    const sources = Array.from({ length: clocks }, (_, i) => (i === 0 ? "l" : `p${String(i)}`));
    const node = network.addNode("node", { comparisons: sources.map((source, i) => comparison(source, `phc${String(i)}`, 100 - 10 * i)) });
    sources.forEach((_, i) => node.otherClocks.set(`phc${String(i)}`, (i === 0 ? first : steady)(network.random)));
    const events = [{ at: struck, until, size: 0, tellers: ["l"], ...event }];
    return { network, segment: network.segment, node: () => node, happenings: [], events };
  });
}

const eraAfter = (at: number): number => (at < struck ? 0 : 1);
const jumps = (by: number, era: (at: number) => number): Device => deviceOf((at) => (at < struck ? 0 : by), era);
const vanishes: Device = deviceOf((at) => (at < struck ? 0 : null), constant);

export const hardwareClocks: readonly FaultVariant[] = [
  ...styles.flatMap((style) => phases.flatMap((phase) => resets.map((by) => reset(style, phase, by)))),
  follows("behind.vanishes", 1, vanishes, { over: null, quietInterval: 1, size: 1000 * (until - struck) }),
  follows("failover.vanishes", 2, vanishes, { quietInterval: 1 }),
  ...[5e6, -37 * second, -1_000_000_000 * second].flatMap((by) => [
    // Alone it is believed: there is nobody else.
    follows(`behind.jump${formatNanoseconds(by)}`, 1, jumps(by, constant), { size: Math.abs(by), over: null, excluded: "FalseMajority" }),
    follows(`behind.reset${formatNanoseconds(by)}`, 1, jumps(by, eraAfter), { size: Math.abs(by), over: null, excluded: "FalseMajority" }),
    follows(`failover.jump${formatNanoseconds(by)}`, 3, jumps(by, constant), { liar: "l" }),
    follows(`failover.reset${formatNanoseconds(by)}`, 3, jumps(by, eraAfter), { liar: "l" }),
  ]),
];
