/**
 * ptp4l with its regression servo: a restatement from the published description; not the program. Offsets: ptp-time-stamps.ts.
 *
 *   points of the free clock; least squares over the last 4, 8, 16, 32, 64; per size the mean |error| of its prediction of the
 *   next point (0.02 of the newest; a plain mean of the first ten)
 *   the largest size whose error is below 1.05 of the best smaller one's, once it has ten
 *   frequency = slope + offset of the line now/I/c;   c = 1 up to 16 points, 2 with 32, 3 with 64;   I: sync interval, s
 */
import type { EnsembleConfig, Measurement, Nanoseconds, Ppb, Raw } from "@meridian/engine";
import { PeerClock } from "./peer-clock.js";
import { PtpTimeStamps } from "./ptp-time-stamps.js";

const mostPoints = 64;
const firstErrors = 10;
const share = 0.02;
const tolerance = 1.05;

interface Point {
  readonly at: Raw;
  /** Free local − remote, ns. */
  readonly offset: Nanoseconds;
}

interface Size {
  readonly points: number;
  /** How many update intervals a correction takes. */
  readonly correction: number;
  slope: Ppb;
  /** ns at the newest point. */
  intercept: Nanoseconds;
  at: Raw;
  isFitted: boolean;
  error: Nanoseconds;
  errors: number;
}

export class Ptp4lLinreg extends PeerClock {
  readonly #stamps = new PtpTimeStamps();
  readonly #interval: number;
  readonly #points: Point[] = [];
  readonly #sizes: readonly Size[] = [4, 8, 16, 32, 64].map((points) => ({
    points,
    correction: points <= 16 ? 1 : Math.floor(Math.log2(points) / 2),
    slope: 0,
    intercept: 0,
    at: 0,
    isFitted: false,
    error: 0,
    errors: 0,
  }));
  #hasStarted = false;

  constructor(config: EnsembleConfig, raw: Raw) {
    super(config, raw);
    this.#interval = config.links[0]?.interval ?? 1;
  }

  protected override take(measurement: Measurement, raw: Raw): void {
    // Of the steered clock, which runs as the remote does but for what the slope does not know.
    const sample = this.#stamps.take(measurement, 1);
    if (sample === null) return;
    const point = { at: sample.at, offset: sample.offset - sample.steering };
    for (const size of this.#sizes) judge(size, point);
    this.#points.push(point);
    if (this.#points.length > mostPoints) this.#points.shift();
    for (const size of this.#sizes) if (this.#points.length >= size.points) fit(size, this.#points.slice(-size.points));
    const size = this.#choose();
    if (size === null) return;
    const offset = size.intercept + size.slope * (raw - size.at) + this.steeringAt(raw);
    if (!this.#hasStarted && Math.abs(offset) > this.config.step.threshold) {
      this.step(-offset);
      this.#stamps.forget();
      this.steer(size.slope);
    } else this.steer(size.slope + offset / this.#interval / size.correction);
    this.#hasStarted = true;
  }

  #choose(): Size | null {
    let chosen = this.#sizes[0]?.isFitted === true ? this.#sizes[0] : null;
    let best = Number.POSITIVE_INFINITY;
    for (const size of this.#sizes) {
      if (size.errors < firstErrors || !(size.error < tolerance * best)) continue;
      chosen = size;
      best = size.error;
    }
    return chosen;
  }
}

function judge(size: Size, { at, offset }: Point): void {
  if (!size.isFitted) return;
  const miss = Math.abs(offset - size.intercept - size.slope * (at - size.at));
  size.errors++;
  size.error += (miss - size.error) * Math.max(share, size.errors <= firstErrors ? 1 / size.errors : 0);
}

function fit(size: Size, points: readonly Point[]): void {
  const at = points.at(-1)?.at ?? 0;
  const meanTime = points.reduce((sum, point) => sum + point.at - at, 0) / points.length;
  const meanOffset = points.reduce((sum, point) => sum + point.offset, 0) / points.length;
  let [squares, products] = [0, 0];
  for (const point of points) {
    const time = point.at - at - meanTime;
    squares += time * time;
    products += time * (point.offset - meanOffset);
  }
  size.slope = products / squares;
  size.intercept = meanOffset - size.slope * meanTime;
  size.at = at;
  size.isFitted = true;
}
