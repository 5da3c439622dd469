/**
 * offsetScaledLogVariance (IEEE 1588-2019 7.6.3.3): 256 · log2 of the PTP variance in s², plus 0x8000, as an unsigned integer of 16 bits;
 * 0xFFFF says that it is not known or not representable. A new value replaces the old one only where they differ by more than
 * the hysteresis of 7.6.3.5, a factor of √2 in the variance: small differences decide the best timeTransmitter.
 */

export const unknownVariance = 0xffff;
/** PTP_LOG_VARIANCE_HYSTERESIS. */
const hysteresis = 128;

/** @param variance s²; null: not known */
export function encodeVariance(variance: number | null): number {
  if (variance === null || !(variance >= 0)) return unknownVariance;
  const scaled = Math.round(256 * Math.log2(variance)) + 0x8000;
  return scaled > unknownVariance ? unknownVariance : Math.max(0, scaled);
}

/** What is announced once `newest` is known. */
export function withHysteresis(announced: number, newest: number): number {
  if (announced === unknownVariance || newest === unknownVariance) return newest;
  return Math.abs(newest - announced) > hysteresis ? newest : announced;
}
