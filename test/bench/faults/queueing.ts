/** 3: queues that remember, and load that comes and goes, from a tenth of a second to a quarter of an hour. No fault: the usual. */
import { correlated, type DelayLaw, exponential, loadCycle, type SimulatedLink } from "@meridian/engine/sim";
import type { Exclusion } from "./fault-event.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { type LinkStyle, linkOf, strikeAt, styles, worldOf } from "./worlds.js";

const times = [0.1, 1, 10, 100, 1000];
const floor = 10_000;
const busier = 10;

/** Long enough for two turns of the slowest. s */
const watchedFor = (time: number): number => Math.max(400, 2 * time);

type Laws = Pick<SimulatedLink, "toLocal" | "toRemote">;

function queued(name: string, style: LinkStyle, time: number, laws: Laws, excluded?: Exclusion): FaultVariant {
  return inWorld(`${name}.${style.name}.${String(time)}s`, (seed) => {
    const at = strikeAt(style, seed);
    const until = at + watchedFor(time);
    return {
      world: worldOf([linkOf(style, "a", floor, laws)], until + 1),
      events: [{ at, until, size: 0, ...(excluded && { excluded }) }],
    };
  });
}

export const queueing: readonly FaultVariant[] = styles.flatMap((style) => {
  const { jitter } = style;
  const still = exponential(floor, jitter);
  return times.flatMap((time) => {
    const remembers: DelayLaw = correlated(floor, jitter, time);
    const loaded: DelayLaw = loadCycle(floor, jitter, busier * jitter, { busy: time / 2, period: time });
    // One that stands on one way since before the first packet is asymmetry: no sum was ever lower.
    const hidden: Exclusion | undefined = time > style.settled ? "HiddenAsymmetry" : undefined;
    return [
      queued("ar1", style, time, { toLocal: remembers, toRemote: remembers }),
      queued("ar1.forward", style, time, { toLocal: remembers, toRemote: still }, hidden),
      queued("load", style, time, { toLocal: loaded, toRemote: loaded }),
      queued("load.forward", style, time, { toLocal: loaded, toRemote: still }),
    ];
  });
});
