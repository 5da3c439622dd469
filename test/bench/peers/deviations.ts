/** Worlds in which a restatement is farther than 15 % from the program: restated ÷ measured RMS. A test keeps the list true. */
import type { PeerName } from "./peers.js";

export const deviations: Readonly<Record<PeerName, Readonly<Record<string, number>>>> = {
  chrony: {},
  "ptp4l pi": {},
  "ptp4l linreg": {},
};
