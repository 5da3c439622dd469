/**
 * How far a bank's estimate may be off. For bounds every plausible shape is judged by its most pessimistic filter; for those who
 * weigh this link against others the whole bank says what it believes.
 */
import type { Ppb, Raw } from "../../time/units.js";
import type { LinkSettings } from "./link-settings.js";
import type { ShapeBank } from "./shape-bank.js";

/** A shape less likely than that says nothing. */
const negligible = 1e-6;

/** Pessimistic variance of bank.offsetAt(raw), ns². */
export function pessimisticVariance(bank: ShapeBank, settings: LinkSettings, raw: Raw): number {
  const dt = raw - bank.raw;
  const threshold = bank.shape.evidence - settings.plausible;
  let variance = 0;
  for (const shape of bank.shapes) {
    if (shape.evidence < threshold) continue;
    const [low, middle, high] = shape.filters;
    const weights = shape.weights;
    const wander = weights[0] * low.wander + weights[1] * middle.wander + weights[2] * high.wander;
    const apart = high.offset - bank.offset + (high.rate - bank.rate) * dt;
    variance = Math.max(variance, high.offsetVariance(dt, settings.boundGrowth * wander, settings.whitePhase) + apart * apart);
  }
  return variance;
}

/** Pessimistic variance of the rate at `raw`, ppb². */
export function pessimisticRateVariance(bank: ShapeBank, settings: LinkSettings, raw: Raw): number {
  const dt = Math.max(0, raw - bank.raw);
  const threshold = bank.shape.evidence - settings.plausible;
  let variance = 0;
  for (const shape of bank.shapes) {
    if (shape.evidence < threshold) continue;
    const [, , high] = shape.filters;
    const apart = high.rate - bank.rate;
    variance = Math.max(variance, high.rateVariance + high.wander * dt + apart * apart);
  }
  return variance;
}

/** Whether that is below `deviation`², asked for every packet: an answer that is no number is not boxed. */
export function knowsRate(bank: ShapeBank, settings: LinkSettings, { raw }: { readonly raw: Raw }, deviation: Ppb): boolean {
  const dt = Math.max(0, raw - bank.raw);
  const threshold = bank.shape.evidence - settings.plausible;
  for (const shape of bank.shapes) {
    if (shape.evidence < threshold) continue;
    const [, , high] = shape.filters;
    const apart = high.rate - bank.rate;
    if (!(high.rateVariance + high.wander * dt + apart * apart < deviation * deviation)) return false;
  }
  return true;
}

/** Variance of bank.offsetAt(raw) as the whole bank believes it, ns²: neither optimistic nor pessimistic. */
export function beliefVariance(bank: ShapeBank, settings: LinkSettings, raw: Raw): number {
  const { shapes } = bank;
  const dt = raw - bank.raw;
  let variance = 0;
  for (let i = 0; i < shapes.length; i++) {
    const weight = bank.weights[i]!;
    if (weight < negligible) continue;
    const shape = shapes[i]!;
    for (let k = 0; k < 3; k++) {
      const filter = shape.filters[k]!;
      const apart = filter.offset - bank.offset + (filter.rate - bank.rate) * dt;
      variance += weight * shape.weights[k]! * (filter.offsetVariance(dt, filter.wander, settings.whitePhase) + apart * apart);
    }
  }
  return variance;
}
