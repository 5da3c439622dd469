/** A member as the roll-up sees it. */
import type { AgentView } from "../../hub/fleet.js";
import type { NodeJudgement } from "../judge-node.js";

export interface Member {
  readonly node: string;
  readonly view: AgentView | undefined;
  readonly judgement: NodeJudgement;
}

/** Part of an agent's answer that says what became of the configuration as a whole. */
const wholePart = "config";

/** The agent runs what it was last sent; a refused configuration is answered too, and does not run. */
export function hasAcknowledged({ view }: Member): boolean {
  const revision = view?.stream?.revision ?? "";
  if (revision === "" || view?.applied?.revision !== revision) return false;
  return !view.applied.failed.some(({ part }) => part === wholePart);
}
