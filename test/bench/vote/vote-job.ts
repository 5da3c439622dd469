/** One run of one case: who was named when, how far the clock went, and what both bounds said of it. */
import { Ensemble, type SourceStatus } from "@meridian/engine";
import { Simulation } from "@meridian/engine/sim";
import { makeVoteWorld, voteCases } from "./cases.js";

export interface VoteJob {
  readonly name: string;
  readonly seed: number;
}

export interface VoteRun {
  /** Seconds from the fault until each liar was named; Infinity: it was not. */
  readonly named: readonly number[];
  /** Honest sources that were ever named. */
  readonly honestNamed: number;
  /** Seconds from the fault until the state or its reason said that sources disagree; Infinity: never. */
  readonly alarmed: number;
  /** Seconds before the fault in which somebody was named or the state said that sources disagree. */
  readonly falseAlarms: number;
  /** From the fault on, ns. */
  readonly worst: number;
  readonly calibrated: number;
  readonly guaranteed: number;
  readonly samples: number;
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
  /** Seconds in which the calibrated bound was void. */
  readonly voids: number;
  /** s */
  readonly simulated: number;
}

/** A link and the network behind it have settled by then, s. */
const settledAfter = 200;
const disagreements = ["SourcesDisagree", "WatchdogDisagrees"];

function isNamed({ state, reason }: SourceStatus): boolean {
  return state === "Falseticker" || (state === "Suspect" && reason !== "InDoubt");
}

export function runJob({ name, seed }: VoteJob): VoteRun {
  const one = voteCases.find((candidate) => candidate.name === name);
  if (one === undefined) throw new Error(`no case ${name}`);
  const named = one.lies.map(() => Number.POSITIVE_INFINITY);
  const wronged = new Set<string>();
  let [alarmed, falseAlarms, worst, calibrated, guaranteed] = [Number.POSITIVE_INFINITY, 0, 0, 0, 0];
  let [samples, calibratedViolations, guaranteedViolations, voids] = [0, 0, 0, 0];
  new Simulation(makeVoteWorld(one, seed), seed, (config, raw) => new Ensemble(config, raw), {
    second(sample) {
      const { second, publication } = sample;
      if (second < settledAfter) return;
      const suspects = (publication?.sources ?? []).filter(isNamed).map(({ link }) => link);
      const disagree = disagreements.includes(publication?.reason ?? "");
      for (const id of suspects) if (!id.startsWith("l")) wronged.add(id);
      if (second < one.faultAt) {
        if (suspects.length > 0 || disagree) falseAlarms++;
        return;
      }
      const since = second - one.faultAt;
      named.forEach((known, i) => {
        if (known === Number.POSITIVE_INFINITY && suspects.includes(`l${String(i)}`)) named[i] = since;
      });
      if (disagree) alarmed = Math.min(alarmed, since);
      if (one.lies.length === 0 && (suspects.length > 0 || disagree)) falseAlarms++;
      const size = Math.abs(sample.error);
      samples++;
      worst = Math.max(worst, size);
      calibrated = Math.max(calibrated, sample.calibrated ?? 0);
      guaranteed = Math.max(guaranteed, sample.guaranteed ?? 0);
      if (sample.calibrated === null) voids++;
      else if (size > sample.calibrated) calibratedViolations++;
      if (sample.guaranteed !== null && size > sample.guaranteed) guaranteedViolations++;
    },
  }).run();
  const bounds = { calibrated, guaranteed, samples, calibratedViolations, guaranteedViolations, voids };
  return { named, honestNamed: wronged.size, alarmed, falseAlarms, worst, ...bounds, simulated: one.duration - settledAfter };
}
