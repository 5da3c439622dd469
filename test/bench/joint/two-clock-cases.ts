/** A node's two clocks: PTP reaches the network card's, NTP the system's, and the system compares the two once a second. */
import type { LinkConfig } from "@meridian/engine";
import { exponential, linkDefaults, type SimulatedLink, type World } from "@meridian/engine/sim";
import type { Reference } from "../chain/run-hop.js";
import { readClock } from "./cross-stamps.js";

export interface TwoClockCase {
  readonly name: string;
  /** Of PTP: jitter ns, spacing s. */
  readonly jitter: number;
  readonly interval: number;
  /** Random walk of the PHC's oscillator, ppb/√s. */
  readonly wander: number;
  /** s; errors count from `from` on. */
  readonly duration: number;
  readonly from: number;
  /** PTP says nothing from then on, s; null: it goes on. No servo has anything to follow then. */
  readonly silentFrom: number | null;
}

const usual = { wander: 1, duration: 4000, from: 1600, silentFrom: null };

export const twoClockCases: readonly TwoClockCase[] = [
  { ...usual, name: "ptp_100ns_16s", jitter: 100, interval: 1 / 16, duration: 800, from: 320 },
  { ...usual, name: "ptp_1us_1s", jitter: 1000, interval: 1 },
  { ...usual, name: "ptp_10us_1s", jitter: 10_000, interval: 1 },
  { ...usual, name: "quiet_phc", jitter: 1000, interval: 1, wander: 0.1 },
  { ...usual, name: "ptp_silent", jitter: 1000, interval: 1, duration: 5000, from: 2000, silentFrom: 2000 },
];

/** Comparison link of the system clock, and its NTP link. */
export const comparison = "phc";
const ntp = "ntp";

const ptpFloor = 1000;
const ntpFloor = 100_000;
const ntpJitter = 50_000;
/** Seconds between NTP's exchanges, and between comparisons. */
const poll = 16;
const comparing = 1;
/** Of a reading: floor of one way and mean of what is added, ns, and how often it is tried. */
const reading = { floor: 500, mean: 50, attempts: 5 };
/** Random walk of the system's oscillator, ppb/√s. */
const systemWander = 3;
/** How much of a path may lie on one side, as the agent has it: of a reading, and of NTP with the kernel's stamps. */
const readingAsymmetryShare = 0.5;
const ntpAsymmetryShare = 0.75;

function configOf(id: string, interval: number, changes: Partial<LinkConfig> = {}): LinkConfig {
  return { ...linkDefaults, id, interval, ...changes };
}

export function makePhcWorld({ jitter, interval, wander, duration, silentFrom }: TwoClockCase): World {
  const law = exponential(ptpFloor, jitter);
  const link: SimulatedLink = {
    ...{ config: configOf("ptp", interval), interval, independentDirections: true, toLocal: law, toRemote: law },
    ...(silentFrom !== null && { isSilent: (at: number) => at >= silentFrom }),
  };
  return { duration, offset: 10_000, oscillator: { frequency: 2000, wander }, links: [link] };
}

/** @param phc what the system clock compares itself with */
export function makeSystemWorld({ duration }: TwoClockCase, phc: Reference): World {
  const law = exponential(ntpFloor, ntpJitter);
  return {
    duration,
    offset: -30_000,
    oscillator: { frequency: -8000, wander: systemWander },
    links: [
      {
        ...{ config: configOf(comparison, comparing, { asymmetryShare: readingAsymmetryShare }), interval: comparing },
        ...readClock(reading.floor, reading.mean, reading.attempts),
        ...{ error: phc.offsetAt, remote: phc.stateAt, remoteEra: phc.eraAt },
      },
      { config: configOf(ntp, poll, { asymmetryShare: ntpAsymmetryShare }), interval: poll, toLocal: law, toRemote: law },
    ],
  };
}
