/**
 * One exchange that says "the clocks have jumped apart": what it shows towards us rises by as much as the other way falls, beyond
 * what is proven. No queue makes a packet early, and nothing but the two clocks makes both directions move by the same amount;
 * so the offset *was* different for that exchange. Whether it stays so only the next one tells: this is a suspicion, no finding.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";
import type { FloorFilter } from "./floor-filter.js";
import type { Direction } from "./noise-shape.js";
import type { Packet } from "./start-fit.js";

/** The two residuals cancel to within so many jitters, and each is larger than as many. */
const jitters = 5;
/** Or to within that share of the jump: one exchange in twenty has queued for more jitters, and a large jump shows all the same. */
const share = 1 / 64;

/**
 * @param run packets since the first odd one, in the order in which they came
 * @param before what was believed just before them, as of raw time `start`
 * @param jitter standard deviation of one packet's queueing, ns
 * @returns how far the newest packet of either direction has the offset off, ns; 0: they do not oppose each other
 */
export function findOpposedJump(run: readonly Packet[], before: FloorFilter, start: Raw, jitter: Nanoseconds): Nanoseconds {
  const toLocal = newestResidual(run, 0, before, start);
  const toRemote = newestResidual(run, 1, before, start);
  if (toLocal === null || toRemote === null) return 0;
  const jump = (toLocal - toRemote) / 2;
  const tolerance = Math.max(jitters * jitter, share * Math.abs(jump));
  return Math.abs(toLocal + toRemote) < tolerance && Math.abs(jump) > jitters * jitter ? jump : 0;
}

function newestResidual(run: readonly Packet[], direction: Direction, before: FloorFilter, start: Raw): Nanoseconds | null {
  const packet = run.findLast((one) => one.direction === direction);
  if (packet === undefined) return null;
  const offset = before.offset + before.rate * (packet.raw - start);
  return direction === 1 ? packet.value + offset - before.floorToRemote : packet.value - offset - before.floorToLocal;
}
