/** 4 and 5: floors move one way, where no packet says which: up for an hour and back, slowly, or by another hash every hour. */
import { createRandom, exponential, type Fault, ramp } from "@meridian/engine/sim";
import type { FaultEvent } from "./fault-event.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { formatNanoseconds, type LinkStyle, linkOf, ntpStyle, ptpStyle, strikeAt, worldOf } from "./worlds.js";

const hour = 3600;
const floor = 100_000;
type Direction = "toLocal" | "toRemote";

/** A quarter of the packets that a switch gives: an hour of them is enough. */
const quietPtp: LinkStyle = { ...ptpStyle, interval: 1 / 4 };

const moves = (at: number, direction: Direction, by: number): Fault => ({
  ...{ at, kind: "route", link: "a", toLocal: 0, toRemote: 0 },
  [direction]: by,
});

function upForAnHour(style: LinkStyle, direction: Direction, by: number): FaultVariant {
  return inWorld(`hour.${style.name}.${direction}.${formatNanoseconds(by)}`, (seed) => {
    const up = strikeAt(style, seed);
    const down = up + hour;
    const until = down + style.watched;
    // Half of what one direction moves is what nobody can tell from an offset.
    const event = (at: number, end: number): FaultEvent => ({ at, until: end, size: by / 2, lookEvery: 0.1 });
    const faults = [moves(up, direction, by), moves(down, direction, -by)];
    return { world: worldOf([linkOf(style, "a", floor)], until + 1, { faults }), events: [event(up, down - 1), event(down, until)] };
  });
}

function ramped(style: LinkStyle, direction: Direction): FaultVariant {
  return inWorld(`ramp.${style.name}.${direction}`, (seed) => {
    const at = strikeAt(style, seed);
    const over = at + hour;
    const until = over + hour;
    const law = ramp(floor, style.jitter, 1, at, over);
    const still = exponential(floor, style.jitter);
    const laws = direction === "toLocal" ? { toLocal: law, toRemote: still } : { toLocal: still, toRemote: law };
    // The path stays lopsided, and the bound with it: that is not over.
    return { world: worldOf([linkOf(style, "a", floor, laws)], until + 1), events: [{ at, until, over: null, size: hour / 2 }] };
  });
}

/** Up to so much either way on top of the floor, ns. */
const hashed = 20_000;
const hashes = 4;

function rehashed(style: LinkStyle): FaultVariant {
  return inWorld(`rehash.${style.name}`, (seed) => {
    const random = createRandom(seed, 705);
    const faults: Fault[] = [];
    const events: FaultEvent[] = [];
    let before = { toLocal: 0, toRemote: 0 };
    for (let i = 0; i < hashes; i++) {
      const at = strikeAt(style, seed) + i * hour;
      const now = { toLocal: hashed * random.uniform(), toRemote: hashed * random.uniform() };
      const [local, remote] = [now.toLocal - before.toLocal, now.toRemote - before.toRemote];
      faults.push({ at, kind: "route", link: "a", toLocal: local, toRemote: remote });
      // As much quicker one way as slower the other: every packet is as it would be after a step.
      const isHidden = i > 0 && Math.abs(local + remote) < 3 * style.jitter;
      events.push({ at, until: at + hour - 70, size: hashed / 2, ...(isHidden && { excluded: "HiddenAsymmetry" }) });
      before = now;
    }
    return { world: worldOf([linkOf(style, "a", floor)], style.settled + hashes * hour, { faults }), events };
  });
}

const directions: readonly Direction[] = ["toLocal", "toRemote"];
const pathStyles: readonly LinkStyle[] = [quietPtp, ntpStyle];

export const movedFloors: readonly FaultVariant[] = pathStyles.flatMap((style) =>
  directions.flatMap((direction) => [2e3, 20e3, 1e6].map((by) => upForAnHour(style, direction, by))),
);

export const asymmetries: readonly FaultVariant[] = pathStyles.flatMap((style) => [
  ...directions.map((direction) => ramped(style, direction)),
  rehashed(style),
]);
