/** Hours of honest sources: how often one is called a liar, or all are said to disagree. Link filters and vote only. */
import { Simulation, VoteAlone } from "@meridian/engine/sim";
import { makeVoteWorld, voteCases } from "./cases.js";

export interface FalseAlarmJob {
  readonly seed: number;
  /** s */
  readonly duration: number;
}

export interface FalseAlarmRun {
  /** How often a source came to be named, or sources to disagree. */
  readonly alarms: number;
  /** s */
  readonly simulated: number;
}

const settledAfter = 200;

export function runJob({ seed, duration }: FalseAlarmJob): FalseAlarmRun {
  const one = voteCases.find(({ name }) => name === "3honest");
  if (one === undefined) throw new Error("no case of honest sources");
  let alarms = 0;
  let told = new Set<string>();
  const created: VoteAlone[] = [];
  const world = makeVoteWorld({ ...one, duration }, seed);
  new Simulation(
    world,
    seed,
    (config, raw) => {
      const ensemble = new VoteAlone(config, raw);
      created.push(ensemble);
      return ensemble;
    },
    {
      second({ second }) {
        const vote = created[0]?.vote;
        if (vote === undefined || second < settledAfter) return;
        const tells = new Set(vote.named.keys());
        if (vote.conflict) tells.add("");
        for (const id of tells) if (!told.has(id)) alarms++;
        told = tells;
      },
    },
  ).run();
  return { alarms, simulated: duration - settledAfter };
}
