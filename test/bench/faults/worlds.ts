/** Worlds of the faults: an agent's limits, and links that are as quiet as their bounds are tight. ns, s, ppb */
import { exponential, linkDefaults, type SimulatedLink, type World } from "@meridian/engine/sim";

/** Of readEffectiveConfig and labServo: what an agent runs with. */
export const agentLimits = {
  step: { mode: "OnStart", threshold: 100_000 },
  maxSlew: 50_000,
  maxDrift: 1000,
} as const;

/** What a source vouches for. */
const rootHard = 100;

export interface LinkStyle {
  readonly name: "ptp" | "ntp";
  readonly interval: number;
  readonly jitter: number;
  /** The link has settled by then, and is watched for so long after a fault. */
  readonly settled: number;
  readonly watched: number;
}

/** Sixteen exchanges a second through a switch; one a second through a network. */
export const ptpStyle: LinkStyle = { name: "ptp", interval: 1 / 16, jitter: 100, settled: 120, watched: 120 };
export const ntpStyle: LinkStyle = { name: "ntp", interval: 1, jitter: 1000, settled: 400, watched: 400 };
export const styles: readonly LinkStyle[] = [ptpStyle, ntpStyle];

export function linkOf(style: LinkStyle, id: string, floor: number, change: Partial<SimulatedLink> = {}): SimulatedLink {
  const { interval, jitter, name } = style;
  const law = exponential(floor, jitter);
  const config = { ...linkDefaults, id, independenceGroup: id, interval, uncertainty: rootHard };
  return { config, interval, independentDirections: name === "ptp", toLocal: law, toRemote: law, remote: { rootHard }, ...change };
}

export function worldOf(links: readonly SimulatedLink[], duration: number, change: Partial<World> = {}): World {
  return { duration, offset: 1e6, oscillator: { frequency: 10_000, wander: 1 }, links, ensemble: agentLimits, ...change };
}

/** Faults do not strike at whole seconds, and in every run at another phase of the packets. */
export function strikeAt(style: LinkStyle, seed: number): number {
  return style.settled + ((0.37 + 0.618 * seed) % 1);
}

/** "500ns", "1.5us", "100ms", "37s". */
export function formatNanoseconds(value: number): string {
  const size = Math.abs(value);
  const [scale, unit] = size < 1e3 ? [1, "ns"] : size < 1e6 ? [1e3, "us"] : size < 1e9 ? [1e6, "ms"] : [1e9, "s"];
  return `${value < 0 ? "-" : "+"}${String(size / scale)}${unit}`;
}
