/** 8: the machine stands still for 10 ms to an hour, with and without a marker, while somebody reads the publication whenever he can. */
import type { Fault, World } from "@meridian/engine/sim";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { type LinkStyle, linkOf, ptpStyle, strikeAt, styles, worldOf } from "./worlds.js";

const lengths = [0.01, 0.1, 1, 10, 60, 600, 3600];
/** A real-time clock knows the time of a resume to within that, ns. */
const realTimeClock = 4e8;

type Kind = "marker" | "silent" | "suspend" | "stolen";

/** What the machine does, and how far its clock is off afterwards, ns. */
function strike(kind: Kind, at: number, lasts: number): Partial<World> & { readonly size: number } {
  const pause: Fault = { at, kind: "pause", lasts, hasMarker: kind !== "silent" };
  switch (kind) {
    case "marker":
    case "silent":
      return { faults: [pause], size: lasts * 1e9 };
    // The kernel puts the clock right by a clock that knows no better than this.
    case "suspend":
      return { faults: [pause, { at: at + lasts, kind: "localStep", by: lasts * 1e9 + realTimeClock }], size: lasts * 1e9 + realTimeClock };
    case "stolen":
      break;
  }
  // Its processes get no CPU, its counter runs on.
  return { stall: [at, at + lasts], stallsThreads: true, size: 3000 * lasts };
}

function pausedMachine(kind: Kind, style: LinkStyle, sources: number, lasts: number): FaultVariant {
  return inWorld(`${kind}.${style.name}.sources${String(sources)}.${String(lasts)}s`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + lasts + style.watched;
    const { size, ...change } = strike(kind, at, lasts);
    const links = Array.from({ length: sources }, (_, i) => linkOf(style, `s${String(i)}`, 1e4));
    return {
      world: worldOf(links, until + 1, change),
      events: [
        {
          at,
          until,
          over: at + lasts,
          size,
          ...(kind !== "stolen" && { feltFrom: at + lasts }),
          ...(kind === "silent" && { tellingDirection: "toLocal" }),
        },
      ],
    };
  });
}

const kinds: readonly Kind[] = ["marker", "silent", "suspend", "stolen"];

export const pauses: readonly FaultVariant[] = lengths.flatMap((lasts) =>
  kinds.flatMap((kind) => [
    ...styles.map((style) => pausedMachine(kind, style, 1, lasts)),
    ...(lasts > 600 ? [] : [pausedMachine(kind, ptpStyle, 3, lasts)]),
  ]),
);
