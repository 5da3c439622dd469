/**
 * What networks and oscillators do beside the model that the peers were measured in: nowhere may a peer be better by more than 5 %.
 * Every restated peer sees the same packets of the same seed.
 */
import {
  bursts,
  correlated,
  type DelayLaw,
  exponential,
  gamma3,
  gaussian,
  hardwareStamps,
  idleFloor,
  kernelStamps,
  linkDefaults,
  uniform,
  type World,
} from "@meridian/engine/sim";
import { peerNames } from "../peers/peers.js";
import { tailLaw } from "./measured-worlds.js";
import type { Scenario } from "./scenario.js";
import { microsecond, ntpFloor, ntpWorld, ptpFloor, ptpWorld } from "./worlds.js";

function robust(name: string, world: World, about: Partial<Scenario> = {}): Scenario {
  return { name, row: "robust", world, peers: peerNames, figures: [], ...about };
}

/** Both directions by one law. */
const alike = (name: string, law: DelayLaw): Scenario => robust(name, ntpWorld({ toLocal: law }));

const mixed = (name: string, toLocal: DelayLaw, toRemote: DelayLaw): Scenario =>
  robust(name, ntpWorld({ toLocal, toRemote }), { breaks: "SameLaws" });

const exponentialLaw = exponential(ntpFloor, microsecond);
const struck = (name: string, faults: World["faults"] & object, about: Partial<Scenario> = {}): Scenario =>
  robust(name, ntpWorld({ world: { faults } }), about);
const wandering = (name: string, wander: number): Scenario => robust(name, ntpWorld({ world: { oscillator: { frequency: 1e5, wander } } }));

/** Faults do not strike at whole seconds, where errors are read. */
const [first, second] = [4000.3, 7000.3];
/** Idle paths of veth at one packet a second, ns: out and back. */
const [coldOut, coldBack] = [2200, 450];

/** The list that the project promises. */
export const robustWorlds: readonly Scenario[] = [
  alike("gaussian", gaussian(ntpFloor, microsecond)),
  alike("uniform", uniform(ntpFloor, 2 * microsecond)),
  alike("gamma", gamma3(ntpFloor, microsecond)),
  alike("heavy-tail", tailLaw(ntpFloor)),
  robust("asymmetric", ntpWorld({ toLocal: exponential(ntpFloor, 10 * microsecond), toRemote: exponentialLaw })),
  alike("autocorrelated", correlated(ntpFloor, microsecond, 10)),
  mixed("law-mix", exponentialLaw, gaussian(ntpFloor, microsecond)),
  robust("loss-50", ntpWorld({ link: { loss: 0.5 } })),
  struck(
    "route-change",
    [
      { at: first, kind: "route", link: "link", toLocal: 20 * microsecond, toRemote: 0 },
      { at: second, kind: "route", link: "link", toLocal: -20 * microsecond, toRemote: 0 },
    ],
    { breaks: "Asymmetry" },
  ),
  struck("frequency-step", [{ at: first, kind: "frequency", by: 1000 }]),
  robust("temperature", ntpWorld({ world: { oscillator: { frequency: 1e5, wander: 1, sine: { amplitude: 100, period: 1800 } } } })),
  struck("gm-step", [{ at: first, kind: "referenceStep", by: 1e7 }]),
  wandering("wander-1e-8", 10),
  wandering("wander-1e-10", 0.1),
  robust("quantised", ptpWorld({ toLocal: exponential(ptpFloor, 10), link: { stamps: hardwareStamps } })),
  robust(
    "idle-floor",
    ptpWorld({
      toLocal: idleFloor(0, 100, coldOut, 0.02),
      toRemote: idleFloor(0, 100, coldBack, 0.02),
      link: { stamps: kernelStamps, config: { ...linkDefaults, asymmetryShare: 0.75 } },
    }),
  ),
];

/** Harder relatives of the list: they are shown, and promised by nobody. */
export const furtherWorlds: readonly Scenario[] = [
  alike("autocorrelated-1s", correlated(ntpFloor, microsecond, 1)),
  alike("autocorrelated-100s", correlated(ntpFloor, microsecond, 100)),
  mixed("law-mix-uniform", exponentialLaw, uniform(ntpFloor, 2 * microsecond)),
  mixed("law-mix-gamma", exponentialLaw, gamma3(ntpFloor, microsecond)),
  mixed("law-mix-tail", gamma3(ntpFloor, microsecond), tailLaw(ntpFloor)),
  robust("asymmetric-3", ntpWorld({ toLocal: exponential(ntpFloor, 3 * microsecond), toRemote: exponentialLaw })),
  alike("bursts", bursts(ntpFloor, microsecond, 0.8, 50 * microsecond, { busy: 300, period: 1000 })),
  robust("mishaps", ptpWorld({ link: { mishaps: { overtaken: { share: 0.2, by: 2 }, doubled: { share: 0.1, by: 1 }, lostStamps: 0.2 } } })),
];
