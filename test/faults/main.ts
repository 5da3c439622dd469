/** `npm run test:faults -- SUITE [options]`: exit 0 when every fault was survived, 1 when not, 2 when it could not run. */
import { runAgentSuite } from "./agent-suite.js";
import { runKubeSuite } from "./kube-suite.js";

const suites: Readonly<Record<string, { readonly about: string; readonly run: (args: string[]) => Promise<number> }>> = {
  kube: {
    about: "networks and API servers against the operator's framework: --only NAME[,NAME] --soak SECONDS --seed N --json",
    run: runKubeSuite,
  },
  agent: {
    about: "hub, disk, network, peers, clock and process of a node's agent: --only NAME[,NAME] --json",
    run: runAgentSuite,
  },
};

const [name = "", ...args] = process.argv.slice(2);
const suite = suites[name];
if (suite) {
  try {
    process.exitCode = await suite.run(args);
  } catch (error) {
    process.stderr.write(`faults ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
} else {
  for (const [key, { about }] of Object.entries(suites)) process.stderr.write(`npm run test:faults -- ${key.padEnd(6)} ${about}\n`);
  process.exitCode = 2;
}
// Not by itself: Node 20 was seen to wait for ever, at its end, for a request that nobody answers any more.
process.exit();
