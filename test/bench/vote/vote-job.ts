/** One run of one case: who was named when, how far the clock went, and what both bounds said of it. */
import { Ensemble, type SourceStatus } from "@meridian/engine";
import { type SecondSample, Simulation } from "@meridian/engine/sim";
import { lieOf, makeVoteWorld, type VoteCase, voteCases } from "./cases.js";

export interface VoteJob {
  readonly name: string;
  readonly seed: number;
}

export interface VoteRun {
  /** Seconds from the fault until each liar was named; Infinity: it was not. */
  readonly named: readonly number[];
  /** Seconds from their return to truth until all liars were believed again; Infinity: never; null: they did not return. */
  readonly readmitted: number | null;
  /** Honest sources that were ever named. */
  readonly honestNamed: number;
  /** Seconds from the fault until the state or its reason said that sources disagree; Infinity: never. */
  readonly alarmed: number;
  /** Seconds in which nobody lied, and somebody was named or the state said that sources disagree. */
  readonly falseAlarms: number;
  /** From the fault on, ns. */
  readonly worst: number;
  readonly calibrated: number;
  readonly guaranteed: number;
  readonly samples: number;
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
  /** Seconds in which the state said that sources disagree and one of them was outside the calibrated bound. */
  readonly sourcesOutside: number;
  /** Seconds in which the calibrated bound was void. */
  readonly voids: number;
  /** s */
  readonly simulated: number;
}

/** A link and the network behind it have settled by then, s. */
const settledAfter = 200;
const disagreements = ["SourcesDisagree", "WatchdogDisagrees"];
const never = Number.POSITIVE_INFINITY;

function isNamed({ state, reason }: SourceStatus): boolean {
  return state === "Falseticker" || (state === "Suspect" && reason !== "InDoubt");
}

class RunWatch {
  readonly named: number[];
  readonly wronged = new Set<string>();
  alarmed = never;
  falseAlarms = 0;
  worst = 0;
  calibrated = 0;
  guaranteed = 0;
  samples = 0;
  calibratedViolations = 0;
  guaranteedViolations = 0;
  sourcesOutside = 0;
  voids = 0;
  private lastSuspicion = 0;
  private readonly one: VoteCase;
  private readonly lies: readonly ((at: number) => number)[];

  constructor(one: VoteCase, seed: number) {
    this.one = one;
    this.named = one.lies.map(() => never);
    this.lies = one.lies.map((_, i) => lieOf(one, i, seed));
  }

  get readmitted(): number | null {
    const { returnAt, duration } = this.one;
    if (returnAt === undefined) return null;
    return this.lastSuspicion < duration ? this.lastSuspicion + 1 - returnAt : never;
  }

  look(sample: SecondSample): void {
    const { second, publication } = sample;
    const { one } = this;
    if (second < settledAfter) return;
    const suspects = (publication?.sources ?? []).filter(isNamed).map(({ link }) => link);
    const disagree = disagreements.includes(publication?.reason ?? "");
    for (const id of suspects) if (!id.startsWith("l")) this.wronged.add(id);
    if (suspects.some((id) => id.startsWith("l"))) this.lastSuspicion = second;
    if ((second < one.faultAt || one.lies.length === 0) && (suspects.length > 0 || disagree)) this.falseAlarms++;
    if (second < one.faultAt) return;
    const since = second - one.faultAt;
    this.named.forEach((known, i) => {
      if (known === never && suspects.includes(`l${String(i)}`)) this.named[i] = since;
    });
    if (disagree) this.alarmed = Math.min(this.alarmed, since);
    this.measure(sample, disagree);
  }

  private measure({ second, error, calibrated, guaranteed }: SecondSample, disagree: boolean): void {
    const size = Math.abs(error);
    this.samples++;
    this.worst = Math.max(this.worst, size);
    this.calibrated = Math.max(this.calibrated, calibrated ?? 0);
    this.guaranteed = Math.max(this.guaranteed, guaranteed ?? 0);
    if (guaranteed !== null && size > guaranteed) this.guaranteedViolations++;
    if (calibrated === null) this.voids++;
    else {
      if (size > calibrated) this.calibratedViolations++;
      if (disagree && this.lies.some((lie) => Math.abs(error - lie(second)) > calibrated)) this.sourcesOutside++;
    }
  }
}

export function runJob({ name, seed }: VoteJob): VoteRun {
  const one = voteCases.find((candidate) => candidate.name === name);
  if (one === undefined) throw new Error(`no case ${name}`);
  const watch = new RunWatch(one, seed);
  new Simulation(makeVoteWorld(one, seed), seed, (config, raw) => new Ensemble(config, raw), {
    second: (sample) => watch.look(sample),
  }).run();
  const { named, readmitted, alarmed, falseAlarms, worst, calibrated, guaranteed, samples, voids } = watch;
  const { calibratedViolations, guaranteedViolations, sourcesOutside } = watch;
  const bounds = { calibrated, guaranteed, samples, calibratedViolations, guaranteedViolations, sourcesOutside, voids };
  const names = { named, readmitted, honestNamed: watch.wronged.size, alarmed, falseAlarms };
  return { ...names, worst, ...bounds, simulated: one.duration - settledAfter };
}
