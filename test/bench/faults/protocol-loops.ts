/** 14: nodes follow one another over NTP and PTP, and then the grandmaster that one of them followed is gone. */
import type { EngineConfig } from "@meridian/engine";
import type { SegmentHost } from "@meridian/engine/sim";
import type { FaultVariant } from "./fault-scenario.js";
import { asksNtp, FaultNetwork, followsPtp, onSegment, servesPtp } from "./segment-scenario.js";

const [at, until] = [120.3, 720];
const ntpServer = { port: 123, allowed: ["10.0.0.0/8"] };
/** Hosts are numbered in the order of their coming: the grandmaster is the first. */
const addressOf = (number: number): string => `10.0.0.${String(number + 1)}`;
const fallback = { use: "Fallback", priority: 50 } as const;

/** The first node hears the grandmaster and, as a fallback, the last one. Nodes are 18, −12 and 30 ppm fast. */
function loop(name: string, nodes: readonly Partial<EngineConfig>[]): FaultVariant {
  return onSegment(name, (seed) => {
    const network = new FaultNetwork(seed);
    const grandmaster = network.addGrandmaster("gm", 0);
    const frequencies = [18_000, -12_000, 30_000];
    const hosts: SegmentHost[] = nodes.map((config, i) =>
      network.addNode(`node${String(i)}`, config, { frequency: frequencies[i] ?? 0 }, i === 0),
    );
    const [first] = hosts;
    if (first === undefined) throw new Error("a loop of nobody");
    const happenings = [{ at, happens: () => network.segment.remove(grandmaster) }];
    // Left alone it may drift as its oscillator may; nobody on a loop knows better. There may be no packet to tell.
    const events = [{ at, until, over: null, size: 1000 * (until - at), quietInterval: 1 / 16 }];
    return { network, segment: network.segment, node: () => first, happenings, events };
  });
}

const gm = followsPtp("gm", 0);

export const protocolLoops: readonly FaultVariant[] = [
  loop("alone", [{ receivers: [gm] }]),
  loop("ntp.2nodes", [
    { receivers: [gm], associations: [asksNtp("last", addressOf(2), fallback)], ntpServer },
    { associations: [asksNtp("first", addressOf(1))], ntpServer },
  ]),
  loop("ntp.3nodes", [
    { receivers: [gm], associations: [asksNtp("last", addressOf(3), fallback)], ntpServer },
    { associations: [asksNtp("first", addressOf(1))], ntpServer },
    { associations: [asksNtp("second", addressOf(2))], ntpServer },
  ]),
  // What the second node serves over PTP is its system clock, for which its owner vouches.
  loop("ntp_ptp.2nodes", [
    { receivers: [gm, followsPtp("last", 1, fallback)], ntpServer },
    { associations: [asksNtp("first", addressOf(1))], transmitters: [servesPtp("last", 1, "SystemClock")] },
  ]),
  loop("ntp_ptp.3nodes", [
    { receivers: [gm, followsPtp("last", 1, fallback)], ntpServer },
    { associations: [asksNtp("first", addressOf(1))], ntpServer },
    { associations: [asksNtp("second", addressOf(2))], transmitters: [servesPtp("last", 1, "SystemClock")] },
  ]),
];
