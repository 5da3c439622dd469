/** Where the numbers of shapes live: one buffer for all, because each of its own would cost more than the numbers of a filter. */
import { filterBytes, stateSize } from "./floor-filter.js";

/** Filters of a shape. */
const filters = 3;

export interface ShapeRoom {
  /** Of the filters, filterBytes each. */
  readonly buffer: ArrayBuffer;
  /** Kept states, stateSize each: as many as filters. */
  readonly saved: Float64Array;
}

export function createRoom(shapes: number): ShapeRoom {
  const buffer = new ArrayBuffer(shapes * filters * (filterBytes + 8 * stateSize));
  return { buffer, saved: new Float64Array(buffer, shapes * filters * filterBytes) };
}
