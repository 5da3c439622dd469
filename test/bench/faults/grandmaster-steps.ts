/** 1 and 2: a reference steps, alone or as one of three, by less than its jitter to longer than anybody lives. */
import type { Measurement } from "@meridian/engine";
import type { SimulatedLink } from "@meridian/engine/sim";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { agentLimits, formatNanoseconds, type LinkStyle, linkOf, ntpStyle, ptpStyle, strikeAt, styles, worldOf } from "./worlds.js";

const sizes = [500, 1500, 5e3, 15e3, 50e3, 150e3, 500e3, 1.5e6, 5e6, 15e6, 50e6, 100e6];
const floors = [1e3, 1e4, 1e5, 1e6, 1e7];
const bothSigns = (values: readonly number[]): readonly number[] => values.flatMap((value) => [value, -value]);
const second = 1e9;
/** Within what a measurement may say, 52 days; and beyond. */
const longSteps = bothSigns([1, 37, 3600].map((seconds) => seconds * second));
const endlessSteps = bothSigns([2 ** 32 * second]);

/** Whose packets are too quick once the clock is ahead of its reference by that much more, ns. */
const earlyDirection = (by: number): Measurement["kind"] => (by > 0 ? "toRemote" : "toLocal");

/** The truth is the reference's, before and after. */
function alone(style: LinkStyle, floor: number, by: number): FaultVariant {
  return inWorld(`${style.name}.floor${formatNanoseconds(floor)}.${formatNanoseconds(by)}`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + style.watched;
    const faults = [{ at, kind: "referenceStep", by }] as const;
    return {
      world: worldOf([linkOf(style, "a", floor)], until + 1, { faults }),
      events: [{ at, until, size: Math.abs(by), tellingDirection: earlyDirection(by) }],
    };
  });
}

/** Policy steps the clock after it. */
function stepped(style: LinkStyle, by: number): FaultVariant {
  return inWorld(`${style.name}.policy.${formatNanoseconds(by)}`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + style.watched;
    const ensemble = { ...agentLimits, step: { mode: "AboveThreshold", threshold: 100_000 } } as const;
    const faults = [{ at, kind: "referenceStep", by }] as const;
    return {
      world: worldOf([linkOf(style, "a", 1e4)], until + 1, { faults, ensemble }),
      events: [{ at, until, size: Math.abs(by), tellingDirection: earlyDirection(by) }],
    };
  });
}

const lies = (at: number, by: number): Partial<SimulatedLink> => ({ error: (now) => (now < at ? 0 : by) });

/** The truth is what the other two say. */
function oneOfThree(style: LinkStyle, floor: number, by: number): FaultVariant {
  return inWorld(`${style.name}.of3.floor${formatNanoseconds(floor)}.${formatNanoseconds(by)}`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + style.watched;
    const links = [linkOf(style, "l", floor, lies(at, by)), linkOf(style, "b", floor), linkOf(style, "c", floor)];
    return {
      world: worldOf(links, until + 1),
      events: [{ at, until, size: 0, tellers: ["l"], tellingDirection: earlyDirection(-by), liar: "l" }],
    };
  });
}

/** A lone reference that is centuries off is a liar: it says nothing that could be followed. */
function lostAlone(style: LinkStyle, by: number): FaultVariant {
  return inWorld(`${style.name}.${formatNanoseconds(by)}`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + style.watched;
    return {
      world: worldOf([linkOf(style, "l", 1e4, lies(at, by))], until + 1),
      events: [{ at, until, over: null, size: 0, liar: "l", excluded: "FalseMajority" }],
    };
  });
}

export const grandmasterSteps: readonly FaultVariant[] = [
  ...styles.flatMap((style) => floors.flatMap((floor) => bothSigns(sizes).map((by) => alone(style, floor, by)))),
  ...[1e4, 1e6].flatMap((floor) => bothSigns(sizes).map((by) => oneOfThree(ptpStyle, floor, by))),
];

export const longReferenceSteps: readonly FaultVariant[] = [
  ...styles.flatMap((style) => longSteps.map((by) => alone(style, 1e4, by))),
  ...longSteps.map((by) => stepped(ptpStyle, by)),
  ...[...longSteps, ...endlessSteps].flatMap((by) => [oneOfThree(ptpStyle, 1e4, by), oneOfThree(ntpStyle, 1e4, by)]),
  ...styles.flatMap((style) => endlessSteps.map((by) => lostAlone(style, by))),
];
