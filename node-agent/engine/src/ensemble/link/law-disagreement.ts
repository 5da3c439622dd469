/** Directions that follow different laws have floors that mean different things: an asymmetry that no average removes. */
import type { Nanoseconds } from "../../time/units.js";
import type { NoiseShape } from "./noise-shape.js";

/** Nats by which each direction must speak for a shape of its own. */
const certain = 5;

/**
 * @param shapes every hypothesis about the law, in the order of LinkSettings.shapes
 * @param leading the one whose law is the link's
 * @param offset combined estimate, ns
 * @returns how far the offset may be off for it, ns ≥ 0
 */
export function lawDisagreement(shapes: readonly NoiseShape[], leading: NoiseShape, offset: Nanoseconds): Nanoseconds {
  let local = 0;
  let remote = 0;
  for (let i = 1; i < shapes.length; i++) {
    if (shapes[i]!.directionEvidence[0] > shapes[local]!.directionEvidence[0]) local = i;
    if (shapes[i]!.directionEvidence[1] > shapes[remote]!.directionEvidence[1]) remote = i;
  }
  const a = shapes[local]!;
  const b = shapes[remote]!;
  let disagreement = 0;
  const apart =
    a.directionEvidence[0] - b.directionEvidence[0] > certain &&
    b.directionEvidence[1] - a.directionEvidence[1] > certain &&
    lawOf(local) !== lawOf(remote);
  if (apart) disagreement = Math.max(Math.abs(a.offset - offset), Math.abs(b.offset - offset));
  const [first, second] = leading.noise;
  if (first.gaussian) return disagreement;
  const softLocal = Math.sqrt(first.softVariance);
  const softRemote = Math.sqrt(second.softVariance);
  const ratio = (softLocal * second.scale) / (softRemote * first.scale);
  const soft = Math.max(softLocal / first.scale, softRemote / second.scale) > 0.15;
  return (ratio > 2 || ratio < 0.5) && soft ? Math.max(disagreement, Math.abs(softLocal - softRemote)) : disagreement;
}

/** Both edge shapes are one law. */
function lawOf(shape: number): number {
  return shape < 2 ? 0 : shape;
}
