/**
 * How a filter starts: from a handful of packets, a line through the offsets, each weighted by how far its delay exceeds the
 * smallest one, because an offset is wrong by at most its excess.
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import type { Direction, StartState } from "./noise-shape.js";

/** A one-way stamp difference in the raw frame. */
export interface Packet {
  readonly direction: Direction;
  readonly value: Nanoseconds;
  readonly raw: Raw;
}

/** What is known before the first packet. */
export interface StartPrior {
  /** Free frequency error of the local oscillator, ppb, and its standard deviation. */
  readonly rate: Ppb;
  readonly rateDeviation: Ppb;
  /** Standard deviation of the queueing, ns; null: not known. */
  readonly jitter: Nanoseconds | null;
}

/** Nothing is: a rate of 0 ± 1000 ppm / 2. */
export const noPrior: StartPrior = { rate: 0, rateDeviation: 500_000, jitter: null };

/** A few packets may show by chance that many times less, or more, than the jitter that was known: beyond it the law has changed. */
const jitterTrust = 4;
/** What is shown of the start's variance: it is worse than its own packets claim. */
const distrust = 4;

function nearest(to: Packet, among: readonly Packet[]): Packet {
  let best = to;
  let distance = Number.POSITIVE_INFINITY;
  for (const packet of among) {
    const d = Math.abs(packet.raw - to.raw);
    if (d < distance) {
      distance = d;
      best = packet;
    }
  }
  return best;
}

function meanOfLowest(sorted: readonly number[]): number {
  const count = Math.ceil(sorted.length * 0.8);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += sorted[i]!;
  return sum / count;
}

/** Both directions; the rarer one is paired with its neighbours in time. `packets` sorted by raw, ≥ 1 of each direction. */
export function fitTwoWay(
  packets: readonly Packet[],
  jitterFactor: number,
  resolution: Nanoseconds,
  prior: StartPrior = noPrior,
): StartState {
  const toLocal = packets.filter((packet) => packet.direction === 0);
  const toRemote = packets.filter((packet) => packet.direction === 1);
  const pairs =
    toLocal.length > toRemote.length
      ? toRemote.map((packet) => [nearest(packet, toLocal), packet] as const)
      : toLocal.map((packet) => [packet, nearest(packet, toRemote)] as const);
  const sums = pairs.map(([a, b]) => a.value + b.value).sort((a, b) => a - b);
  const smallest = sums[0] ?? 0;
  const shown = Math.max((meanOfLowest(sums) - smallest) * jitterFactor, 2 * resolution);
  const jitter = Math.min(shown * jitterTrust, Math.max(prior.jitter ?? shown, shown / jitterTrust));
  const origin = packets[0]?.raw ?? 0;
  let w0 = 0;
  let w1 = 0;
  let w2 = 0;
  let y0 = 0;
  let y1 = 0;
  for (const [a, b] of pairs) {
    const excess = (a.value + b.value - smallest) / 2 + jitter / 2;
    const weight = 1 / (excess * excess);
    const time = (a.raw + b.raw) / 2 - origin;
    const offset = (a.value - b.value) / 2;
    w0 += weight;
    w1 += weight * time;
    w2 += weight * time * time;
    y0 += weight * offset;
    y1 += weight * offset * time;
  }
  const rateInformation = 1 / prior.rateDeviation ** 2;
  w2 += rateInformation;
  y1 += rateInformation * prior.rate;
  const determinant = w0 * w2 - w1 * w1;
  const floor = smallest / 2 - jitter / 4;
  return {
    offset: (w2 * y0 - w1 * y1) / determinant,
    rate: (w0 * y1 - w1 * y0) / determinant,
    offsetVariance: (distrust * w2) / determinant,
    offsetRateCovariance: (-distrust * w1) / determinant,
    rateVariance: (distrust * w0) / determinant,
    floorToLocal: floor,
    floorToRemote: floor,
    floorVariance: distrust * jitter * jitter,
    jitter,
  };
}

/** One direction only: a line under the data gives the rate; the offset keeps the unknown delay in it. */
export function fitOneWay(packets: readonly Packet[], jitterFactor: number, resolution: Nanoseconds): StartState {
  const origin = packets[0]?.raw ?? 0;
  const sign = packets[0]?.direction === 1 ? -1 : 1;
  const weights = packets.map(() => 1);
  let level = 0;
  let slope = 0;
  let jitter = 1;
  let lowest = 0;
  for (let iteration = 0; iteration < 6; iteration++) {
    let w0 = 0;
    let w1 = 0;
    let w2 = 0;
    let y0 = 0;
    let y1 = 0;
    packets.forEach((packet, i) => {
      const weight = weights[i]!;
      const time = packet.raw - origin;
      w0 += weight;
      w1 += weight * time;
      w2 += weight * time * time;
      y0 += weight * packet.value;
      y1 += weight * packet.value * time;
    });
    const determinant = w0 * w2 - w1 * w1;
    slope = determinant > 0 ? (w0 * y1 - w1 * y0) / determinant : 0;
    level = (y0 - slope * w1) / w0;
    const residuals = packets.map((packet) => packet.value - level - slope * (packet.raw - origin));
    lowest = Math.min(...residuals);
    jitter = Math.max(jitterFactor * meanOfLowest(residuals.map((r) => r - lowest).sort((a, b) => a - b)), 2 * resolution);
    residuals.forEach((residual, i) => {
      weights[i] = 1 / (residual - lowest + jitter / 2) ** 2;
    });
  }
  const span = Math.max((packets.at(-1)?.raw ?? origin) - origin, 1e-3);
  return {
    offset: sign * (level + lowest),
    rate: sign * slope,
    offsetVariance: 4 * jitter * jitter,
    offsetRateCovariance: (-2 * jitter * jitter) / span,
    rateVariance: (16 * jitter * jitter) / (span * span) + 1,
    floorToLocal: 0,
    floorToRemote: 0,
    floorVariance: 0,
    jitter,
  };
}
