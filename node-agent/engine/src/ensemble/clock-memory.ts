/**
 * What outlives the process: the clock as it was known, in the raw frame. A restart on the same boot goes on from it, because
 * raw time ran on and what steering did meanwhile can be read; after a reboot only the oscillator is the same, and it is not
 * quite the same.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { ClockId, LinkId } from "./measurement.js";

/** Changes when a field changes its meaning: a memory of another version is not read. */
export const clockMemoryVersion = 1;
/** Links that are remembered at most. */
export const mostRememberedLinks = 16;

export interface ClockMemory {
  readonly version: typeof clockMemoryVersion;
  readonly clock: ClockId;
  readonly oscillator: OscillatorMemory;
  /** null: nothing is known of where the clock stands. */
  readonly phase: PhaseMemory | null;
  /** At most 16. */
  readonly links: readonly LinkMemory[];
}

export interface OscillatorMemory {
  /** Free frequency error, ppb, and its pessimistic standard deviation. */
  readonly rate: Ppb;
  readonly rateDeviation: Ppb;
  /** Random walk of the rate, ppb²/s, pessimistic. */
  readonly wander: number;
}

/** As of `raw`, ns. */
export interface PhaseMemory {
  readonly raw: Raw;
  /** Raw-frame offset: local − steering − reference. */
  readonly offset: Nanoseconds;
  /** Standard deviation of it. */
  readonly deviation: Nanoseconds;
  /** Half width of its calibrated interval; null: void. */
  readonly radius: Nanoseconds | null;
  /** Proven interval of the raw-frame offset and of its rate; null: nobody vouched for anything. */
  readonly proof: { readonly low: Nanoseconds; readonly high: Nanoseconds; readonly lowRate: Ppb; readonly highRate: Ppb } | null;
}

/** How packets of one link queue. */
export interface LinkMemory {
  readonly link: LinkId;
  /** Standard deviation of one packet's queueing, the noisier way, ns. */
  readonly jitter: Nanoseconds;
}

const plainNumbers = (value: object): boolean =>
  Object.values(value).every((number) => typeof number === "number" && Number.isFinite(number));

/**
 * A memory that was read from somewhere, or null: it is of another version or clock, or not one at all. Nothing of it is used
 * that could not have been written by remember().
 */
export function readClockMemory(value: unknown, clock: ClockId): ClockMemory | null {
  if (typeof value !== "object" || value === null) return null;
  const { version, clock: of, oscillator, phase, links } = value as Partial<Record<keyof ClockMemory, unknown>>;
  if (version !== clockMemoryVersion || of !== clock) return null;
  if (!isOscillator(oscillator) || !(phase === null || isPhase(phase)) || !Array.isArray(links)) return null;
  return { version: clockMemoryVersion, clock, oscillator, phase, links: links.slice(0, mostRememberedLinks).filter(isLink) };
}

function isOscillator(value: unknown): value is OscillatorMemory {
  if (typeof value !== "object" || value === null || !plainNumbers(value)) return false;
  const { rate, rateDeviation, wander } = value as OscillatorMemory;
  return Math.abs(rate) <= 500_000 && rateDeviation >= 0 && wander >= 0;
}

function isPhase(value: unknown): value is PhaseMemory {
  if (typeof value !== "object" || value === null) return false;
  const { proof, radius, ...rest } = value as PhaseMemory;
  if (!plainNumbers({ raw: rest.raw, offset: rest.offset, deviation: rest.deviation }) || rest.deviation < 0) return false;
  if (radius !== null && !(typeof radius === "number" && Number.isFinite(radius) && radius >= 0)) return false;
  if (proof === null) return true;
  if (typeof proof !== "object" || !plainNumbers({ low: proof.low, high: proof.high, a: proof.lowRate, b: proof.highRate })) return false;
  return proof.low <= proof.high && proof.lowRate <= proof.highRate;
}

function isLink(value: unknown): value is LinkMemory {
  if (typeof value !== "object" || value === null) return false;
  const { link, jitter } = value as LinkMemory;
  return typeof link === "string" && typeof jitter === "number" && Number.isFinite(jitter) && jitter > 0;
}

/** Another frame: steering is counted from elsewhere. @param by the new frame's raw offset minus the old one's, ns */
export function movePhase(phase: PhaseMemory, by: Nanoseconds): PhaseMemory {
  const { proof } = phase;
  return {
    ...phase,
    offset: phase.offset + by,
    proof: proof === null ? null : { ...proof, low: proof.low + by, high: proof.high + by },
  };
}

/** What a crystal may differ by after a reboot (temperature, retrace), ppb, and for every day that it was away. */
const retrace = 1_000;
const agingPerDay = 5;
const longestAway = 400;

/**
 * What is left of a memory of an earlier boot: the oscillator, less certain, and the links.
 * @param days since it was written, as the clock says, which may be wrong: negative or NaN counts as long
 */
export function ageAcrossBoot(memory: ClockMemory, days: number): ClockMemory {
  const away = days >= 0 && days <= longestAway ? days : longestAway;
  const rateDeviation = Math.hypot(memory.oscillator.rateDeviation, retrace, agingPerDay * away);
  return { ...memory, oscillator: { ...memory.oscillator, rateDeviation }, phase: null };
}
