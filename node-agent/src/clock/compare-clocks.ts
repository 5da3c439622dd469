/**
 * One clock between two readings of another, by the best way there is: a PTP hardware clock and the system's clock are compared by the
 * kernel, whose driver reads one right around the other, or both at one instant; any other two by reading them in turn.
 */
import { type Instant, type Stamp, subtractInstants } from "@meridian/engine";
import type { Clock } from "@meridian/native";
import { clockReading, offsetSample } from "@meridian/native/layout";
import { codeOf } from "../errors.js";

/** The narrowest counts: whatever was in the way of the others, an interrupt or another process, was not in the way of that one. */
const attempts = 5;

export type ComparedClock = Pick<Clock, "uri" | "read" | "sampleOffset">;

export interface Comparison {
  readonly before: Stamp;
  /** Of the other clock. */
  readonly instant: Instant;
  readonly after: Stamp;
  /** Of the other clock. */
  readonly era: number;
}

/** @throws what reading either clock throws, e.g. ENODEV */
export function compareClocks(own: ComparedClock, other: ComparedClock): Comparison {
  return compareByKernel(own, other) ?? compareByReading(own, other);
}

/** @returns null for clocks that the kernel does not compare, and when one was stepped meanwhile */
function compareByKernel(own: ComparedClock, other: ComparedClock): Comparison | null {
  const hardware = [own, other].find(({ uri }) => uri.startsWith("phc:"));
  if (hardware === undefined || ![own, other].some(({ uri }) => uri === "realtime:")) return null;
  const out = new Float64Array(offsetSample.length);
  const { era } = read(other);
  const first = read(own);
  try {
    hardware.sampleOffset(attempts, out);
  } catch (error) {
    if (codeOf(error, "") === "EAGAIN") return null; // all samples went backwards
    throw error;
  }
  const last = read(own);
  if (last.era !== first.era || read(other).era !== era) return null;
  const at = (index: number): number => out[index] ?? 0;
  const system: Instant = { seconds: at(offsetSample.systemSeconds), nanoseconds: at(offsetSample.systemNanoseconds) };
  const device = shift({ ...system, seconds: system.seconds + at(offsetSample.offsetSeconds) }, at(offsetSample.offsetNanoseconds));
  const [instant, local] = hardware === other ? [device, system] : [system, device];
  // The samples lie between two readings, within which the clock's frequency is as good as constant.
  const [since, until] = [subtractInstants(local, first), subtractInstants(last, local)];
  if (since < 0 || until < 0) return null;
  const share = since === 0 ? 0 : since / (since + until);
  const raw = first.raw + share * (last.raw - first.raw);
  const steering = first.steering + share * (last.steering - first.steering);
  const halfWidth = at(offsetSample.halfWidth);
  const stamp = (ns: number): Stamp => ({ ...shift(local, ns), raw: raw + ns / 1e9, steering });
  return { before: stamp(-halfWidth), instant, after: stamp(halfWidth), era };
}

function compareByReading(own: ComparedClock, other: ComparedClock): Comparison {
  let best: Comparison | null = null;
  let narrowest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = stampOf(read(own));
    const { seconds, nanoseconds, era } = read(other);
    const after = stampOf(read(own));
    const width = after.raw - before.raw;
    if (best !== null && width >= narrowest) continue;
    narrowest = width;
    best = { before, instant: { seconds, nanoseconds }, after, era };
  }
  if (best === null) throw new RangeError("no attempt was made");
  return best;
}

const scratch = new Float64Array(clockReading.length);

function read(clock: ComparedClock): Stamp & { readonly era: number } {
  clock.read(scratch);
  return {
    seconds: scratch[clockReading.seconds] ?? 0,
    nanoseconds: scratch[clockReading.nanoseconds] ?? 0,
    raw: scratch[clockReading.raw] ?? 0,
    steering: scratch[clockReading.steering] ?? 0,
    era: scratch[clockReading.era] ?? 0,
  };
}

const stampOf = ({ seconds, nanoseconds, raw, steering }: Stamp): Stamp => ({ seconds, nanoseconds, raw, steering });

/** @param ns −1e9 … 1e9; a part of a nanosecond stays */
function shift({ seconds, nanoseconds }: Instant, ns: number): Instant {
  const sum = nanoseconds + ns;
  const carry = Math.floor(sum / 1e9);
  return { seconds: seconds + carry, nanoseconds: sum - carry * 1e9 };
}
