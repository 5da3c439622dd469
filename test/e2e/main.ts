/** Runs one scenario in namespaces of its own and prints its claims, one JSON object a line. Exit 0: every claim held. */
import { Claims } from "../demo/claims.js";
import { World } from "../demo/world.js";
import { enterPrivateNamespace } from "../lab/private-namespace.js";
import { deleteIntent } from "./deletion.js";
import { failOver } from "./failover.js";
import { loseControl } from "./loss-of-control.js";

interface Scenario {
  readonly run: (world: World, claims: Claims) => Promise<void>;
  readonly operators: number;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "loss-of-control": { run: loseControl, operators: 1 },
  failover: { run: failOver, operators: 2 },
  deletion: { run: deleteIntent, operators: 1 },
};

async function main(): Promise<number> {
  const [name = ""] = process.argv.slice(2);
  const scenario = scenarios[name];
  if (!scenario) {
    process.stderr.write(`${name === "" ? "which scenario?" : `no scenario ${name};`} there are ${Object.keys(scenarios).join(", ")}\n`);
    return 2;
  }
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;
  const claims = new Claims((claim) => process.stdout.write(`${JSON.stringify(claim)}\n`));
  const world = await World.start({
    operators: scenario.operators,
    peer: false,
    seed: 2,
    progress: (what) => process.stderr.write(`${what}\n`),
  });
  try {
    await scenario.run(world, claims);
  } finally {
    if (!claims.hold) process.stderr.write(`logs stay in ${world.directory}\n`);
    await world.stop(!claims.hold);
  }
  return claims.hold ? 0 : 1;
}

process.exitCode = await main();
