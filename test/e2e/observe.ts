/** What every scenario looks at: clocks through the referee, connections through the agents' logs. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import { readNodes } from "../demo/cluster-view.js";
import { type World, workers } from "../demo/world.js";
import type { Referee } from "./referee.js";

/** Claims that no clock left its bounds, had none, or stepped since `from` (monotonic ms). */
export function checkClocks(claims: Claims, when: string, referee: Referee, from: number): void {
  const { samples, violations, violationsBegin, voids, steps } = referee.judge(from);
  const figure = `${String(samples)} samples, ${String(violations)} beyond a bound, ${String(voids)} void, ${String(steps)} steps`;
  const holds = samples > 0 && violations + voids + steps === 0;
  if (!holds) referee.writeSamples();
  claims.check(`every clock stays within its bounds and steps nowhere ${when}`, holds, [figure, ...violationsBegin].join("; "));
}

export const readAgentLog = (world: World, node: string): string => readFileSync(world.agents.get(node)?.logFile ?? "", "utf8");

/** How often the node's agent has been welcomed by a hub. */
export function countConnections(world: World, node: string): number {
  return readAgentLog(world, node).split('"connected to the hub"').length - 1;
}

export async function holdsWithin(limitMs: number, holds: () => Promise<boolean> | boolean): Promise<boolean> {
  for (const end = performance.now() + limitMs; performance.now() < end; await sleep(100)) {
    try {
      if (await holds()) return true;
    } catch {
      // The API server may be away just now; the next look tells.
    }
  }
  return false;
}

export async function workersSynchronized({ plane }: World): Promise<boolean> {
  const nodes = await readNodes(plane.kubectl);
  return workers.every((worker) => nodes.some((view) => view.node === worker && view.synchronized));
}
