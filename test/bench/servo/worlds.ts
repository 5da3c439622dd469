/** The two kinds of worlds that every scenario is made of, as the peers' figures were measured in (figures of clknetsim). */
import { type DelayLaw, exponential, linkDefaults, type SimulatedLink, type World } from "@meridian/engine/sim";

export const microsecond = 1000;

/** Floors of the paths, ns. */
export const ntpFloor = 100 * microsecond;
export const ptpFloor = 1000;

function duration(log2Interval: number): number {
  return log2Interval < -1 ? 3000 : 10_000;
}

function makeLink(log2Interval: number, toLocal: DelayLaw, toRemote: DelayLaw, changes: Partial<SimulatedLink>): SimulatedLink {
  const interval = 2 ** log2Interval;
  return { config: { ...linkDefaults, interval }, interval, toLocal, toRemote, ...changes };
}

export interface Path {
  readonly log2Interval?: number;
  readonly toLocal?: DelayLaw;
  readonly toRemote?: DelayLaw;
  readonly link?: Partial<SimulatedLink>;
  readonly world?: Partial<World>;
}

/** Requests over 100 µs, clock wrong by 100 ms and 100 ppm at the start, frequency walks 1 ppb/√s. One microsecond of jitter unless said otherwise. */
export function ntpWorld({ log2Interval = 0, toLocal = exponential(ntpFloor, microsecond), toRemote = toLocal, link, world }: Path): World {
  return {
    duration: duration(log2Interval),
    offset: 1e8,
    oscillator: { frequency: 1e5, wander: 1 },
    links: [makeLink(log2Interval, toLocal, toRemote, link ?? {})],
    ...world,
  };
}

/** Sync and Delay_Req over 1 µs, clock wrong by 10 ms and 10 ppm at the start. */
export function ptpWorld({ log2Interval = 0, toLocal = exponential(ptpFloor, microsecond), toRemote = toLocal, link, world }: Path): World {
  return {
    duration: duration(log2Interval),
    offset: 1e7,
    oscillator: { frequency: 1e4, wander: 1 },
    links: [makeLink(log2Interval, toLocal, toRemote, { independentDirections: true, ...link })],
    ...world,
  };
}
