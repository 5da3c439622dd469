/** clockAccuracy, IEEE 1588-2019 table 5: what a grandmaster says of its error, as a number. */
import type { Nanoseconds } from "../time/units.js";

/** Upper edges in ns of 0x17 … 0x30. */
const edges: readonly Nanoseconds[] = [
  1e-3, 2.5e-3, 1e-2, 2.5e-2, 0.1, 0.25, 1, 2.5, 10, 25, 100, 250, 1e3, 2.5e3, 1e4, 2.5e4, 1e5, 2.5e5, 1e6, 2.5e6, 1e7, 2.5e7, 1e8, 2.5e8,
  1e9, 1e10,
];
const first = 0x17;
export const unknownAccuracy = 0xfe;

/** @returns the upper edge in ns, or null when the code states none (unknown, reserved, "worse than 10 s"). */
export function accuracyEdge(code: number): Nanoseconds | null {
  return edges[code - first] ?? null;
}

/** The smallest code whose edge covers `error` ns; 0x31 beyond 10 s. */
export function accuracyCode(error: Nanoseconds): number {
  const index = edges.findIndex((edge) => error <= edge);
  return index < 0 ? 0x31 : first + index;
}
