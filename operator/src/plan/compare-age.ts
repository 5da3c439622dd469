/**
 * Which of two TimeDomains comes first wherever an order is needed and nobody chose one: the older. What is created later
 * comes last, so that it takes nothing from what stands.
 */
import { compareText } from "./compare-text.js";
import type { WorldDomain } from "./world.js";

/** Older first, then the lesser name. */
export function compareAge(a: WorldDomain, b: WorldDomain): number {
  return a.createdAt - b.createdAt || compareText(a.name, b.name);
}
