/**
 * The periodic part of the oscillator's frequency (temperature, day and night), used in holdover only: harmonic regression on
 * differences of mean frequencies over half a minute. The best of a grid of periods is taken if it is significant. What is left is
 * judged as a random walk over minutes and hours, which packets alone do not show.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";

const spacing = 30;
const depth = 512;
const gridStep = 1.04;
const significance = 14;
/** Into so many parts what was learnt is cut for the slow wander; none is shorter than that, s. */
const blockCounts = [4, 6, 9, 14, 20];
const shortestBlock = 240;

/** Frequency A sin(omega·t) … as amplitudes of cosine and sine since `origin`, ppb. */
export interface PeriodicFit {
  readonly omega: number;
  readonly cosine: Ppb;
  readonly sine: Ppb;
  readonly origin: Raw;
}

export class PeriodicDrift {
  private raws: number[] = [];
  private offsets: number[] = [];

  /** The raw-frame offset while locked, ns. */
  observe(raw: Raw, offset: Nanoseconds): void {
    const last = this.raws.at(-1);
    if (last !== undefined && raw - last < spacing) return;
    if (last !== undefined && raw - last > 3 * spacing) this.forget();
    this.raws.push(raw);
    this.offsets.push(offset);
    if (this.raws.length <= depth) return;
    this.raws.shift();
    this.offsets.shift();
  }

  /** The offset jumped: what was learnt before says nothing about differences across the jump. */
  forget(): void {
    this.raws = [];
    this.offsets = [];
  }

  /**
   * Random walk of the rate over minutes and hours that would explain what was seen beyond `fit`, ppb²/s: temperature moves it in
   * ways that are still at the scale of packets. `deviation`: of the offsets, ns.
   */
  slowWander(fit: PeriodicFit | null, deviation: Nanoseconds): number {
    const from = this.raws[0];
    const to = this.raws.at(-1);
    if (from === undefined || to === undefined) return 0;
    let most = 0;
    for (const count of blockCounts) {
      const length = (to - from) / count;
      if (length < shortestBlock) break;
      const rates: number[] = [];
      for (let k = 0; k < count; k++) rates.push(this.rateBetween(from + k * length, from + (k + 1) * length, fit));
      let squares = 0;
      for (let k = 1; k < count; k++) squares += (rates[k]! - rates[k - 1]!) ** 2;
      // Of a random walk of w, neighbouring means over `length` differ by 2/3·w·length; noise at three ends adds 6σ²/length².
      const change = squares / (count - 1) - 6 * (deviation / length) ** 2;
      most = Math.max(most, (1.5 * change) / length);
    }
    return most;
  }

  /** Mean rate between the samples that are next to two moments, less what is periodic, ppb. */
  private rateBetween(from: Raw, to: Raw, fit: PeriodicFit | null): Ppb {
    const next = (raw: Raw): number =>
      Math.max(
        0,
        this.raws.findIndex((at) => at >= raw - spacing / 2),
      );
    const [a, b] = [next(from), next(to)];
    const periodic =
      fit === null ? 0 : driftSince(fit, this.raws[0]!, this.raws[b]!).offset - driftSince(fit, this.raws[0]!, this.raws[a]!).offset;
    return (this.offsets[b]! - this.offsets[a]! - periodic) / (this.raws[b]! - this.raws[a]!);
  }

  /** null: no period is significant. */
  fit(): PeriodicFit | null {
    const count = this.raws.length - 2;
    if (count < 40) return null;
    const middles: number[] = [];
    const rates: number[] = [];
    for (let k = 0; k <= count; k++) {
      const from = this.raws[k]!;
      const to = this.raws[k + 1]!;
      middles.push((from + to) / 2);
      rates.push((this.offsets[k + 1]! - this.offsets[k]!) / (to - from));
    }
    const changes: number[] = [];
    let total = 0;
    for (let k = 0; k < count; k++) {
      const change = rates[k + 1]! - rates[k]!;
      changes.push(change);
      total += change * change;
    }
    const origin = middles[0]!;
    const span = middles[count]! - origin;
    let best: PeriodicFit | null = null;
    let bestGain = significance;
    for (let period = 6 * spacing; period < 1.5 * span; period *= gridStep) {
      const omega = (2 * Math.PI) / period;
      const found = regress(changes, middles, omega, origin);
      if (found === null) continue;
      const gain = -0.5 * count * Math.log(1 - found.explained / total);
      if (!(gain > bestGain)) continue;
      bestGain = gain;
      best = { omega, cosine: found.cosine, sine: found.sine, origin };
    }
    return best;
  }
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
