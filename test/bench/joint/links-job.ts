/** One world of several links: the ensemble with all of them, and with each alone, in the same packets. */
import { Ensemble } from "@meridian/engine";
import { Simulation } from "@meridian/engine/sim";
import { type ClockFigures, ClockWatch } from "./clock-watch.js";
import { linkCases } from "./link-cases.js";

export interface LinksJob {
  readonly name: string;
  readonly seed: number;
}

export interface LinksRun {
  readonly joint: ClockFigures;
  /** By link. */
  readonly solos: readonly ClockFigures[];
}

/** Share of a run that is not counted. */
const settling = 0.3;

export function runJob({ name, seed }: LinksJob): LinksRun {
  const found = linkCases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  const { world } = found;
  const run = (only: string | null): ClockFigures => {
    const watch = new ClockWatch(settling * world.duration);
    // The others' packets are sent all the same: the noise is that of the joint run.
    const heard = world.links.map(({ config }) => config).filter(({ id }) => only === null || id === only);
    new Simulation(world, seed, (config, raw) => new Ensemble({ ...config, links: heard }, raw), watch.observer).run();
    return watch.figures;
  };
  const joint = run(null);
  return { joint, solos: world.links.length === 1 ? [joint] : world.links.map(({ config }) => run(config.id)) };
}
