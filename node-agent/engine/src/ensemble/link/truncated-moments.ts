/**
 * Moments of a Gaussian truncated from above at z sigmas, by table and cubic Hermite interpolation: no exp or erf per packet.
 *
 *   lambda(z) = phi(z)/Phi(z)            inverse Mills ratio
 *   distance  = lambda + z   (> 0)       of the truncated mean from the edge, in sigmas
 *   shrink    = 1 − lambda·distance      variance ratio of the truncated Gaussian, 0 < shrink < 1
 */

/** Where truncate() leaves its two results, so that nothing is allocated per packet. */
export interface TruncatedMoments {
  distance: number;
  shrink: number;
}

const first = -12;
const last = 10;
const spacing = 1 / 32;
const entries = Math.round((last - first) / spacing) + 1;

/** lambda(z), slow and accurate: series near the centre, continued fraction in the tail. */
export function inverseMills(z: number): number {
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  if (z > -2) {
    let term = z;
    let sum = z;
    for (let k = 3; k < 400; k += 2) {
      term *= (z * z) / k;
      sum += term;
      if (Math.abs(term) < 1e-18 * Math.abs(sum)) break;
    }
    return density / (0.5 + density * sum);
  }
  let fraction = -z;
  for (let k = 200; k >= 1; k--) fraction = -z + k / fraction;
  return fraction;
}

interface Tables {
  readonly distance: Float64Array;
  readonly distanceSlope: Float64Array;
  readonly shrink: Float64Array;
  readonly shrinkSlope: Float64Array;
}

function buildTables(): Tables {
  const tables = {
    distance: new Float64Array(entries),
    distanceSlope: new Float64Array(entries),
    shrink: new Float64Array(entries),
    shrinkSlope: new Float64Array(entries),
  };
  for (let i = 0; i < entries; i++) {
    const z = first + i * spacing;
    const lambda = inverseMills(z);
    const distance = lambda + z;
    const lambdaSlope = -lambda * distance;
    tables.distance[i] = distance;
    tables.distanceSlope[i] = 1 + lambdaSlope;
    tables.shrink[i] = 1 - lambda * distance;
    tables.shrinkSlope[i] = -(lambdaSlope * distance + lambda * (1 + lambdaSlope));
  }
  return tables;
}

const tables = buildTables();

/** Truncation at `z` sigmas (any finite z); asymptotic outside the table, so huge prior variances do no harm. */
export function truncate(z: number, into: TruncatedMoments): void {
  if (z >= last - spacing) {
    into.distance = z;
    into.shrink = 1;
    return;
  }
  if (z <= first) {
    const inverseSquare = 1 / (z * z);
    into.distance = -(1 - inverseSquare * (2 - inverseSquare * (10 - 74 * inverseSquare))) / z;
    into.shrink = inverseSquare * (1 - inverseSquare * (6 - 50 * inverseSquare));
    return;
  }
  const position = (z - first) / spacing;
  const i = position | 0;
  const t = position - i;
  const t2 = t * t;
  const t3 = t2 * t;
  const left = 2 * t3 - 3 * t2 + 1;
  const leftSlope = (t3 - 2 * t2 + t) * spacing;
  const right = 3 * t2 - 2 * t3;
  const rightSlope = (t3 - t2) * spacing;
  const { distance, distanceSlope, shrink, shrinkSlope } = tables;
  into.distance = left * distance[i]! + leftSlope * distanceSlope[i]! + right * distance[i + 1]! + rightSlope * distanceSlope[i + 1]!;
  into.shrink = left * shrink[i]! + leftSlope * shrinkSlope[i]! + right * shrink[i + 1]! + rightSlope * shrinkSlope[i + 1]!;
}
