/** 10: another process steps the clock and writes its frequency whenever it likes, and the host's reading is all that tells of it. */
import { createRandom, type Fault, type Random } from "@meridian/engine/sim";
import type { FaultEvent } from "./fault-event.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { type LinkStyle, linkOf, strikeAt, styles, worldOf } from "./worlds.js";

const rounds = 8;
/** How far a frequency of adjtimex(2) reaches, ppb; what adjtime(3) slews by. */
const [leastFrequency, mostFrequency] = [1000, 500_000];
const [leastStep, mostStep] = [1000, 1e9];
/** Readings come at least once a second. s */
const reading = 1;

type Kind = "step" | "frequency" | "slew";

const logUniform = (random: Random, least: number, most: number): number => least * (most / least) ** random.uniform();

/** What is done, and how far it may take the clock before anybody reads it, ns. */
function act(kind: Kind, at: number, random: Random): { readonly fault: Fault; readonly size: number } {
  const sign = random.uniform() < 0.5 ? -1 : 1;
  switch (kind) {
    case "step": {
      const size = logUniform(random, leastStep, mostStep);
      return { fault: { at, kind: "localStep", by: sign * size }, size };
    }
    case "frequency": {
      const by = sign * logUniform(random, leastFrequency, mostFrequency);
      return { fault: { at, kind: "foreignFrequency", by }, size: Math.abs(by) * reading };
    }
    case "slew":
      break;
  }
  const by = sign * mostFrequency;
  const lasts = logUniform(random, 0.01, 2);
  return { fault: { at, kind: "foreignSlew", by, lasts }, size: Math.abs(by) * lasts };
}

function meddled(kind: Kind, style: LinkStyle): FaultVariant {
  return inWorld(`${kind}.${style.name}`, (seed) => {
    const random = createRandom(seed, 700);
    const faults: Fault[] = [];
    const events: FaultEvent[] = [];
    for (let round = 0; round < rounds; round++) {
      const at = strikeAt(style, seed) + round * style.watched + 5 * random.uniform();
      const { fault, size } = act(kind, at, random);
      faults.push(fault);
      events.push({ at, until: at + style.watched - 10, size, ...(fault.kind === "foreignSlew" && { over: at + fault.lasts }) });
    }
    const duration = style.settled + rounds * style.watched + 10;
    return { world: worldOf([linkOf(style, "a", 1e4)], duration, { faults }), events };
  });
}

export const otherWriters: readonly FaultVariant[] = styles.flatMap((style) => [
  meddled("step", style),
  meddled("frequency", style),
  meddled("slew", style),
]);
