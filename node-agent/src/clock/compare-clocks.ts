/**
 * One clock read between two readings of another. The narrowest of a few attempts counts: whatever was in the way of the others, an
 * interrupt or another process, was not in the way of this one.
 */
import type { Instant, Stamp } from "@meridian/engine";
import type { Clock } from "@meridian/native";
import { clockReading } from "@meridian/native/layout";

const attempts = 5;

export interface Comparison {
  readonly before: Stamp;
  /** Of the other clock. */
  readonly instant: Instant;
  readonly after: Stamp;
  /** Of the other clock. */
  readonly era: number;
}

/** @throws what reading the other clock throws, e.g. ENODEV */
export function compareClocks(own: Pick<Clock, "read">, other: Pick<Clock, "read">): Comparison {
  const out = new Float64Array(clockReading.length);
  let best: Comparison | null = null;
  let narrowest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    own.read(out);
    const before = stampOf(out);
    other.read(out);
    const { seconds, nanoseconds } = stampOf(out);
    const era = out[clockReading.era] ?? 0;
    own.read(out);
    const after = stampOf(out);
    const width = after.raw - before.raw;
    if (best !== null && width >= narrowest) continue;
    narrowest = width;
    best = { before, instant: { seconds, nanoseconds }, after, era };
  }
  if (best === null) throw new RangeError("no attempt was made");
  return best;
}

function stampOf(out: Float64Array): Stamp {
  return {
    seconds: out[clockReading.seconds] ?? 0,
    nanoseconds: out[clockReading.nanoseconds] ?? 0,
    raw: out[clockReading.raw] ?? 0,
    steering: out[clockReading.steering] ?? 0,
  };
}
