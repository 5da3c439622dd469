/** 6: transmit stamps come one or two intervals late, belong to the packet before, or are lost; interleaved NTP; at 100 ppm. */
import type { SimulatedLink } from "@meridian/engine/sim";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { asksNtp, FaultNetwork, onSegment } from "./segment-scenario.js";
import { type LinkStyle, linkOf, strikeAt, styles, worldOf } from "./worlds.js";

/** ppb */
const fast = 100_000;
const floor = 10_000;

type Trouble = Pick<SimulatedLink, "late" | "mishaps">;

function stamped(name: string, style: LinkStyle, trouble: Trouble): FaultVariant {
  return inWorld(`${name}.${style.name}`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + style.watched;
    const link = linkOf(style, "a", floor, { ...trouble, mishapsFrom: at });
    return { world: worldOf([link], until + 1, { oscillator: { frequency: fast, wander: 1 } }), events: [{ at, until, size: 0 }] };
  });
}

/** @param missing share of our own transmit stamps that never come */
function interleaved(name: string, missing: number): FaultVariant {
  return onSegment(name, (seed) => {
    const at = 60.3;
    const network: FaultNetwork = new FaultNetwork(seed, {
      withholdsStamp: (host, now) => host === "node" && now >= at && network.random.uniform() < missing,
    });
    // What is written into an answer is up to 50 µs too early; the stamp of interleaved mode is not.
    network.addNtpServer("10.9.0.1", undefined, () => 50e-6 * network.random.uniform());
    const associations = [asksNtp("a", "10.9.0.1", { interleaved: true, logMinPoll: -2, logMaxPoll: -2 })];
    const node = network.addNode("node", { associations }, { frequency: fast });
    const events = [{ at, until: 240, size: 0 }];
    return { network, segment: network.segment, node: () => node, happenings: [], events };
  });
}

export const lateStamps: readonly FaultVariant[] = [
  ...styles.flatMap((style) => [
    stamped("late.1interval", style, { late: { share: 1, by: style.interval } }),
    stamped("late.2intervals", style, { late: { share: 0.3, by: 2 * style.interval } }),
    stamped("lost", style, { mishaps: { lostStamps: 0.3 } }),
    stamped("swapped.1%", style, { mishaps: { swappedStamps: 0.01 } }),
    stamped("swapped.30%", style, { mishaps: { swappedStamps: 0.3 } }),
    stamped("doubled", style, { mishaps: { doubled: { share: 0.3, by: 2 * style.interval } } }),
    stamped("overtaken", style, { mishaps: { overtaken: { share: 0.3, by: 2 * style.interval } } }),
  ]),
  interleaved("interleaved.lost_stamps.0%", 0),
  interleaved("interleaved.lost_stamps.30%", 0.3),
];
