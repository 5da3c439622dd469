/**
 * The periodic part of the oscillator's frequency (temperature, day and night), used in holdover only: harmonic regression on
 * differences of mean frequencies over half a minute. The best of a grid of periods is taken if it is significant.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { gainOf, type RateChanges, sampleSpacing, significance } from "./slow-drift.js";

const gridStep = 1.04;

/** Frequency A sin(omega·t) … as amplitudes of cosine and sine since `origin`, ppb. */
export interface PeriodicFit {
  readonly omega: number;
  readonly cosine: Ppb;
  readonly sine: Ppb;
  readonly origin: Raw;
  /** Nats. */
  readonly gain: number;
}

/** null: no period is significant. */
export function fitPeriod(seen: RateChanges): PeriodicFit | null {
  const { middles, changes } = seen;
  const origin = middles[0]!;
  const span = middles.at(-1)! - origin;
  let best: PeriodicFit | null = null;
  for (let period = 6 * sampleSpacing; period < 1.5 * span; period *= gridStep) {
    const omega = (2 * Math.PI) / period;
    const found = regress(changes, middles, omega, origin);
    if (found === null) continue;
    const gain = gainOf(found.explained, seen);
    if (!(gain > (best?.gain ?? significance))) continue;
    best = { omega, cosine: found.cosine, sine: found.sine, origin, gain };
  }
  return best;
}

function regress(changes: readonly number[], middles: readonly number[], omega: number, origin: Raw) {
  let cc = 0;
  let cs = 0;
  let ss = 0;
  let dc = 0;
  let ds = 0;
  let cosine = 1;
  let sine = 0;
  changes.forEach((change, k) => {
    const angle = omega * (middles[k + 1]! - origin);
    const nextCosine = Math.cos(angle);
    const nextSine = Math.sin(angle);
    const c = nextCosine - cosine;
    const s = nextSine - sine;
    cosine = nextCosine;
    sine = nextSine;
    cc += c * c;
    cs += c * s;
    ss += s * s;
    dc += change * c;
    ds += change * s;
  });
  const determinant = cc * ss - cs * cs;
  if (!(determinant > 0)) return null;
  const a = (ss * dc - cs * ds) / determinant;
  const b = (cc * ds - cs * dc) / determinant;
  return { cosine: a, sine: b, explained: a * dc + b * ds };
}

/** What the period adds to offset (ns) and rate (ppb) since `from`, the last measurement. */
export function driftSince(fit: PeriodicFit, from: Raw, to: Raw): { readonly offset: Nanoseconds; readonly rate: Ppb } {
  const { omega, cosine, sine, origin } = fit;
  const a = omega * (from - origin);
  const b = omega * (to - origin);
  const dt = to - from;
  const rate = cosine * (Math.cos(b) - Math.cos(a)) + sine * (Math.sin(b) - Math.sin(a));
  const offset =
    cosine * ((Math.sin(b) - Math.sin(a)) / omega - Math.cos(a) * dt) + sine * ((Math.cos(a) - Math.cos(b)) / omega - Math.sin(a) * dt);
  return { offset, rate };
}
