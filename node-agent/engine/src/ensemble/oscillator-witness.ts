/** Our own oscillator as a witness: what it predicted before two sources began to disagree tells which of them jumped. */
import type { Nanoseconds, Raw } from "../time/units.js";
import type { Forecast } from "./joint/joint-estimate.js";

/** The prediction is the one of that long ago, s: before any jump that is judged now. */
const age = 34;

export class OscillatorWitness {
  private forecasts: Forecast[] = [];

  /** Once per second. */
  remember(forecast: Forecast): void {
    this.forecasts.push(forecast);
    if (this.forecasts.length > age) this.forecasts.shift();
  }

  forget(): void {
    this.forecasts = [];
  }

  /** Distance of an offset, ns, known to `deviation`, ns, from the prediction, in sigmas; null: there is none. */
  surprise(now: Raw, offset: Nanoseconds, deviation: Nanoseconds): number | null {
    const past = this.forecasts[0];
    if (past === undefined || this.forecasts.length < age) return null;
    const dt = now - past.raw;
    const variance =
      past.offsetVariance + dt * (2 * past.offsetRate + dt * (past.rateVariance + (past.wander * dt) / 3)) + deviation * deviation + 1;
    return Math.abs(offset - past.offset - past.rate * dt) / Math.sqrt(variance);
  }
}
