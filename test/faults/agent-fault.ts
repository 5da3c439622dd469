/** A fault as the suite runs it: on a lane, from beginning to outcome. */
import type { EffectiveConfig } from "@meridian/proto";
import type { AgentLane } from "./agent-lane.js";
import { followerConfig, ptpSource } from "./agent-sources.js";
import { AgentTrial, type TrialOptions } from "./agent-trial.js";
import type { FaultOutcome } from "./outcome.js";

export interface AgentFault {
  readonly name: string;
  /** Agents that run at once, for whoever shares the machine among lanes. */
  readonly agents: number;
  run(lane: AgentLane): Promise<FaultOutcome>;
}

type Prepared = Partial<TrialOptions> & { readonly sources?: EffectiveConfig; readonly agents?: number };

/** On an agent that is made, and that the fault starts as it wants. */
export function faultOnPrepared(
  name: string,
  { sources, agents = 1, ...options }: Prepared,
  inflict: (trial: AgentTrial) => Promise<void>,
): AgentFault {
  return {
    name,
    agents,
    async run(lane) {
      await lane.serve();
      const config = followerConfig(sources ?? { receivers: [ptpSource()] });
      const trial = new AgentTrial(lane, { config, ...options, name });
      return trial.finish(await failureOf(() => inflict(trial)));
    },
  };
}

/** On an agent that is locked to the lane's ptp4l, or to what `prepared` says. */
export function faultOnLocked(name: string, prepared: Prepared, inflict: (trial: AgentTrial) => Promise<void>): AgentFault {
  return faultOnPrepared(name, prepared, async (trial) => {
    await trial.startLocked();
    await inflict(trial);
  });
}

/** What it threw, for people; null: nothing. */
export async function failureOf(run: () => Promise<void>): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
