/** A member as the roll-up sees it. */
import type { AgentView } from "../../hub/fleet.js";
import type { NodeJudgement } from "../judge-node.js";

export interface Member {
  readonly node: string;
  readonly view: AgentView | undefined;
  readonly judgement: NodeJudgement;
}

/** The agent runs what it was last sent. */
export function hasAcknowledged({ view }: Member): boolean {
  const revision = view?.stream?.revision ?? "";
  return revision !== "" && view?.applied?.revision === revision;
}
