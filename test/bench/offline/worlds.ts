/**
 * What a node is left alone with: the agent's own limits, two sources that fall silent for the day, and an oscillator. Only the
 * oscillators differ: the ordinary one of every servo figure here, those whose rooms warm and cool, one with flicker noise.
 */
import { exponential, linkDefaults, type SimulatedLink, type World } from "@meridian/engine/sim";

export interface OfflineDay {
  /** s before the sources fall silent. */
  readonly lockedFor: number;
  /** s of silence. */
  readonly silentFor: number;
  /** s that are watched after their return. */
  readonly returnedFor: number;
}

export interface OfflineWorld {
  readonly name: string;
  readonly about: string;
  readonly oscillator: World["oscillator"];
}

export const offlineWorlds: readonly OfflineWorld[] = [
  { name: "wander", about: "random walk of 1 ppb/√s", oscillator: { frequency: 12_000, wander: 1 } },
  {
    name: "room",
    about: "random walk of 0.3 ppb/√s in a room that warms and cools it by ±100 ppb every three hours",
    oscillator: { frequency: -20_000, wander: 0.3, sine: { amplitude: 100, period: 10_800 } },
  },
  {
    name: "day",
    about: "random walk of 0.05 ppb/√s, and ±200 ppb between day and night: two hours of lock show a slope, and no period",
    oscillator: { frequency: 8_000, wander: 0.05, sine: { amplitude: 200, period: 86_400 } },
  },
  {
    name: "flicker",
    about: "random walk of 0.3 ppb/√s with flicker and white noise of 1 ppb",
    oscillator: { frequency: 30_000, wander: 0.3, white: 1, flicker: 1 },
  },
];

/** Of readEffectiveConfig and labServo: what an agent runs with. ppb, ns */
const maxDrift = 1000;
const maxSlew = 50_000;
const step = { mode: "OnStart", threshold: 100_000 } as const;

export function makeWorld({ oscillator }: OfflineWorld, { lockedFor, silentFor, returnedFor }: OfflineDay): World {
  const isSilent = (at: number): boolean => at >= lockedFor && at < lockedFor + silentFor;
  const source = (id: string): SimulatedLink => {
    const law = exponential(20_000, 2_000);
    const config = { ...linkDefaults, id, independenceGroup: id, uncertainty: 100, interval: 1 };
    return { config, interval: 1, independentDirections: true, toLocal: law, toRemote: law, remote: { rootHard: 100 }, isSilent };
  };
  return {
    duration: lockedFor + silentFor + returnedFor,
    offset: 5e6,
    oscillator,
    links: ["a", "b"].map(source),
    ensemble: { step, maxSlew, maxDrift },
  };
}
