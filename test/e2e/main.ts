/** Runs one scenario in namespaces of its own and prints its claims; --json: one object a line. Exit 0: every claim held. */
import { type Claim, Claims } from "../demo/claims.js";
import { World } from "../demo/world.js";
import { enterPrivateNamespace } from "../lab/private-namespace.js";
import { deleteIntent } from "./deletion.js";
import { failOver } from "./failover.js";
import { loseControl } from "./loss-of-control.js";
import { keepTimeByNtp } from "./ntp.js";

interface Scenario {
  readonly run: (world: World, claims: Claims) => Promise<void>;
  readonly operators: number;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "loss-of-control": { run: loseControl, operators: 1 },
  failover: { run: failOver, operators: 2 },
  ntp: { run: keepTimeByNtp, operators: 1 },
  deletion: { run: deleteIntent, operators: 1 },
};

const usage = `npm run test:e2e -- SCENARIO [--json]: ${Object.keys(scenarios).join(", ")}`;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes("--help")) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const json = args.includes("--json");
  const [name = "", ...others] = args.filter((argument) => argument !== "--json");
  const scenario = scenarios[name];
  if (!scenario || others.length > 0) {
    process.stderr.write(`${scenario ? `one scenario at a time, not ${others.join(", ")} as well` : `no scenario "${name}"`}; ${usage}\n`);
    return 2;
  }
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;
  const say = (claim: Claim): void =>
    void process.stdout.write(json ? `${JSON.stringify(claim)}\n` : `${claim.ok ? "ok    " : "FAILED"}  ${claim.claim}: ${claim.figure}\n`);
  const claims = new Claims(say);
  const world = await World.start({
    operators: scenario.operators,
    peer: false,
    seed: 2,
    progress: (what) => process.stderr.write(`${what}\n`),
  });
  let told = false;
  try {
    await scenario.run(world, claims);
    told = true;
  } finally {
    const good = told && claims.hold;
    if (!good) process.stderr.write(`logs stay in ${world.directory}\n`);
    await world.stop(!good);
  }
  if (!json) process.stdout.write(claims.hold ? "every claim held\n" : "not every claim held\n");
  return claims.hold ? 0 : 1;
}

// Not by itself: Node 20 was seen to wait for ever, at its end, for a request that nobody answers any more.
process.exit(await main());
