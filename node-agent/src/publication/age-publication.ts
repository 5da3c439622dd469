/** What a publication still says some time after it was made: its bounds grow, and at the end of its life it says nothing. */
import type { Publication } from "@meridian/engine";

export interface AgedPublication {
  /** false: its life is over, whatever it said is no longer known. */
  readonly alive: boolean;
  /** ns, not rounded; null: void. */
  readonly calibrated: number | null;
  readonly guaranteed: number | null;
}

/** @param age s since it was made, ≥ 0 */
export function agePublication(publication: Publication, age: number): AgedPublication {
  if (age > publication.voidAfter) return { alive: false, calibrated: null, guaranteed: null };
  const { calibrated, calibratedGrowth, guaranteed, guaranteedGrowth } = publication;
  // ppb is ns per s.
  const grow = (bound: number | null, growth: number): number | null => (bound === null ? null : bound + growth * age);
  return { alive: true, calibrated: grow(calibrated, calibratedGrowth), guaranteed: grow(guaranteed, guaranteedGrowth) };
}
