/**
 * The operator is killed, then the API server: nobody's clock may notice. Afterwards the operator works again by itself and the
 * agents come back to it one after the other, not as a herd.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Claims } from "../demo/claims.js";
import { readDomain, readNodes } from "../demo/cluster-view.js";
import { type World, workers } from "../demo/world.js";
import { repositoryRoot } from "../lab/repository.js";
import { checkClocks, countConnections, holdsWithin } from "./observe.js";
import { Referee } from "./referee.js";

const lockLimitMs = 60_000;
const withoutOperatorMs = 12_000;
const comebackLimitMs = 45_000;

export async function loseControl(world: World, claims: Claims): Promise<void> {
  const { kubectl } = world.plane;
  const synchronized = async () => {
    const nodes = await readNodes(kubectl);
    return workers.every((worker) => nodes.some((view) => view.node === worker && view.synchronized));
  };
  await kubectl.run(["apply", "--server-side", "-f", join(repositoryRoot(), "test/demo/time.yaml")]);
  const locked = await holdsWithin(lockLimitMs, synchronized);
  claims.check("every worker is synchronized", locked, locked ? "yes" : "no");
  const referee = new Referee(world);
  try {
    let from = performance.now();
    await world.operator.process.kill();
    await sleep(withoutOperatorMs);
    checkClocks(claims, "without an operator", referee, from);

    from = performance.now();
    const agentLogs = workers.map((worker) => countConnections(world, worker));
    await world.restartOperator();
    const back = await holdsWithin(comebackLimitMs, () =>
      Promise.resolve(workers.every((worker, index) => countConnections(world, worker) > (agentLogs[index] ?? 0))),
    );
    claims.check("every agent comes back to the new operator", back, `${((performance.now() - from) / 1000).toFixed(1)} s`);
    const again = await holdsWithin(comebackLimitMs, async () => (await readDomain(kubectl)).synchronized);
    claims.check("the new operator finds the domain synchronized", again, `${((performance.now() - from) / 1000).toFixed(1)} s`);
    checkClocks(claims, "with the new operator", referee, from);

    from = performance.now();
    await world.plane.killApiServer();
    await sleep(withoutOperatorMs);
    await world.plane.startApiServer();
    await kubectl.run(["patch", "timedomain", "demo", "--type=merge", "-p", '{"spec":{"objective":{"maxErrorNanoseconds":100}}}']);
    const heard = await holdsWithin(comebackLimitMs, async () => (await readDomain(kubectl)).reason === "BoundExceedsObjective");
    claims.check(
      "the operator goes on by itself after the API server was gone",
      heard,
      `${((performance.now() - from) / 1000).toFixed(1)} s`,
    );
    checkClocks(claims, "without an API server", referee, from);
    const dead = world.casualties.map(({ name }) => name);
    claims.check("no process ended by itself", dead.length === 0, dead.join(", ") || "none");
  } finally {
    await referee.stop();
  }
}
