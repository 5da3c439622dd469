/**
 * Intent is taken back while clocks run on it: a source is pruned, then the whole domain is deleted. Agents are released, keep
 * their last frequency, say so, and nothing steps; intent that comes back is followed again.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import { readNodes } from "../demo/cluster-view.js";
import type { World } from "../demo/world.js";
import { repositoryRoot } from "../lab/repository.js";
import { holdsWithin, readAgentLog, workersSynchronized } from "./observe.js";
import { Referee } from "./referee.js";

const lockLimitMs = 60_000;
const releaseLimitMs = 15_000;
const looseMs = 10_000;

export async function deleteIntent(world: World, claims: Claims): Promise<void> {
  const { kubectl } = world.plane;
  const intent = join(repositoryRoot(), "test/demo/time.yaml");
  const apply = () => kubectl.run(["apply", "--server-side", "-f", intent]);
  await apply();
  claims.check("every worker is synchronized", await holdsWithin(lockLimitMs, () => workersSynchronized(world)), "");
  const referee = new Referee(world);
  try {
    let from = performance.now();
    await kubectl.run(["delete", "grandmaster", "gm-a"]);
    await sleep(looseMs);
    checkSteps(claims, "while a grandmaster in use was deleted", referee, from);
    claims.check("the workers stay synchronized without it", await holdsWithin(lockLimitMs, () => workersSynchronized(world)), "");

    from = performance.now();
    await kubectl.run(["delete", "timedomain", "demo"]);
    const released = await holdsWithin(releaseLimitMs, () => [...world.agents.keys()].every((node) => wasReleased(world, node)));
    claims.check("every agent is told to stop steering", released, since(from));
    const gone = await holdsWithin(releaseLimitMs, async () => (await readNodes(kubectl)).length === 0);
    claims.check("the NodeClocks are gone", gone, since(from));
    await sleep(looseMs);
    checkSteps(claims, "after the domain was deleted", referee, from);
    const { violations } = referee.judge(from);
    claims.check("no bound that is still published is wrong", violations === 0, `${String(violations)} beyond`);

    from = performance.now();
    await apply();
    const again = await holdsWithin(lockLimitMs, () => workersSynchronized(world));
    claims.check("intent that comes back is followed again", again, since(from));
    const dead = world.casualties.map(({ name }) => name);
    claims.check("no process ended by itself", dead.length === 0, dead.join(", ") || "none");
  } finally {
    await referee.stop();
  }
}

const wasReleased = (world: World, node: string): boolean => readAgentLog(world, node).includes("released: the clock keeps its frequency");

function checkSteps(claims: Claims, when: string, referee: Referee, from: number): void {
  const { samples, steps, violations } = referee.judge(from);
  claims.check(`no clock steps ${when}`, samples > 0 && steps + violations === 0, `${String(samples)} samples, ${String(steps)} steps`);
}

const since = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;
