/** Proof is above belief: an estimate outside the proven interval moves to its edge, at the cost of the floors, with honest variance. */
import type { CausalInterval } from "./causal-interval.js";
import type { ShapeBank } from "./shape-bank.js";

/** It moves that share of the interval inside. */
const inside = 0.05;

/** `causal` as of the newest packet; while it is contradicted, or older than the estimate, it proves nothing of it. */
export function obeyProof(bank: ShapeBank, causal: CausalInterval): void {
  if (causal.candidate !== null || causal.raw < bank.raw) return;
  const { low, high, lowRate, highRate } = causal;
  if (bank.rate < lowRate) bank.forceRate(lowRate - bank.rate);
  else if (bank.rate > highRate) bank.forceRate(highRate - bank.rate);
  const margin = inside * (high - low);
  if (bank.offset < low) bank.forceOffset(low + margin - bank.offset);
  else if (bank.offset > high) bank.forceOffset(high - margin - bank.offset);
}
