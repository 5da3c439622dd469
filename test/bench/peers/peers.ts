/** The peers that run in our simulator: each a restatement of its published formulas. */
import type { ClockEnsemble, EnsembleConfig, Raw } from "@meridian/engine";
import { Chrony } from "./chrony.js";
import { Ptp4lLinreg } from "./ptp4l-linreg.js";
import { Ptp4lPi } from "./ptp4l-pi.js";

export const peerNames = ["chrony", "ptp4l pi", "ptp4l linreg"] as const;
export type PeerName = (typeof peerNames)[number];

export const createPeer: Readonly<Record<PeerName, (config: EnsembleConfig, raw: Raw) => ClockEnsemble>> = {
  chrony: (config, raw) => new Chrony(config, raw),
  "ptp4l pi": (config, raw) => new Ptp4lPi(config, raw),
  "ptp4l linreg": (config, raw) => new Ptp4lLinreg(config, raw),
};
