/** Where the numbers of shapes live: one buffer for all, because each of its own would cost more than the numbers of a filter. */
import { filterBytes, stateSize } from "./floor-filter.js";

/** Filters of a shape. */
const filters = 3;

export interface ShapeRoom {
  /** Of the filters, filterBytes each, and of one more at `probeIndex` that belongs to no shape. */
  readonly buffer: ArrayBuffer;
  readonly probeIndex: number;
  /** Kept states, stateSize each: as many as filters. */
  readonly saved: Float64Array;
}

export function createRoom(shapes: number): ShapeRoom {
  const probeIndex = shapes * filters;
  const savedAt = (probeIndex + 1) * filterBytes;
  const buffer = new ArrayBuffer(savedAt + shapes * filters * 8 * stateSize);
  return { buffer, probeIndex, saved: new Float64Array(buffer, savedAt) };
}
