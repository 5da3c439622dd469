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
const struck = (name: string, faults: World["faults"] & object): Scenario => robust(name, ntpWorld({ world: { faults } }));
const wandering = (name: string, wander: number): Scenario => robust(name, ntpWorld({ world: { oscillator: { frequency: 1e5, wander } } }));

/** Faults do not strike at whole seconds, where errors are read. */
const [first, second] = [4000.3, 7000.3];
/** Rises of floors, ns. */
interface ColdPath {
  readonly out: number;
  readonly back: number;
}

/** Idle CPUs answer asymmetrically, whoever stamps: a path is warm for some 20 ms after a packet. */
function idle(name: string, { out, back }: ColdPath, log2Interval: number, about: Partial<Scenario> = {}): Scenario {
  const link = { stamps: kernelStamps, config: { ...linkDefaults, interval: 2 ** log2Interval, asymmetryShare: 0.75 } };
  return robust(
    name,
    ptpWorld({ log2Interval, toLocal: idleFloor(0, 100, out, 0.02), toRemote: idleFloor(0, 100, back, 0.02), link }),
    about,
  );
}

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
  struck("route-change", [
    { at: first, kind: "route", link: "link", toLocal: 20 * microsecond, toRemote: 0 },
    { at: second, kind: "route", link: "link", toLocal: -20 * microsecond, toRemote: 0 },
  ]),
  struck("frequency-step", [{ at: first, kind: "frequency", by: 1000 }]),
  robust("temperature", ntpWorld({ world: { oscillator: { frequency: 1e5, wander: 1, sine: { amplitude: 100, period: 1800 } } } })),
  struck("gm-step", [{ at: first, kind: "referenceStep", by: 1e7 }]),
  wandering("wander-1e-8", 10),
  wandering("wander-1e-10", 0.1),
  robust("quantised", ptpWorld({ toLocal: exponential(ptpFloor, 10), link: { stamps: hardwareStamps } })),
  // Over veth at one packet a second: delay 1.6–2.6 µs, offset wrong by up to 750 ns.
  idle("idle-floor", { out: 2700, back: 1200 }, 0),
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
  // Over veth at sixteen a second: the way out is five times as long; that is why the asymmetry prior is three quarters of the floor.
  idle("idle-floor-16", { out: 2200, back: 450 }, -4),
  robust("mishaps", ptpWorld({ link: { mishaps: { overtaken: { share: 0.2, by: 2 }, doubled: { share: 0.1, by: 1 }, lostStamps: 0.2 } } })),
];
