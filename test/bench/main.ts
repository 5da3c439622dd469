/** `npm run bench -- NAME [options]`: exit 0 when it measured, whatever the figures say; 2 when it could not run. */
import { runAgentBench } from "./agent.js";
import { runChainBench } from "./chain.js";
import { runEngineBench } from "./engine.js";
import { runFaultsBench } from "./faults.js";
import { runJointBench } from "./joint.js";
import { runKubeBench } from "./kube.js";
import { runOfflineBench } from "./offline.js";
import { runLiveBench } from "./live.js";
import { runServoBench } from "./servo.js";
import { runVoteBench } from "./vote.js";

const benches: Readonly<Record<string, { readonly about: string; readonly run: (args: string[]) => Promise<number> }>> = {
  servo: {
    about:
      "estimator and peers against simulated oscillators and networks: --seeds A-B --scenario NAME[,NAME] --duration S --json; or --plot alone, which writes docs/pictures",
    run: runServoBench,
  },
  vote: { about: "liars among simulated sources: --seeds A-B --case NAME[,NAME] --json", run: runVoteBench },
  chain: { about: "five clocks in a row, and the gain of one: --seeds A-B --json", run: runChainBench },
  joint: {
    about: "several links on one oscillator, and two clocks of one node: --seeds A-B --case NAME[,NAME] --json",
    run: runJointBench,
  },
  engine: { about: "CPU, garbage and memory of link filter and engine: --rounds N --json", run: runEngineBench },
  faults: {
    about: "fifteen ways in which the world goes wrong, simulated: --seeds A-B --scenario N[,N] --variant PREFIX --each --json",
    run: runFaultsBench,
  },
  kube: { about: "the operator's framework against a real API server with 5,000 nodes: --rounds N --nodes N --json", run: runKubeBench },
  offline: {
    about: "a day without operator, API server and network, simulated: --hours N --seeds A-B --world NAME[,NAME] --json",
    run: runOfflineBench,
  },
  live: { about: "accuracy, cost, memory and reads beside ptp4l and chronyd on a real link: --rounds N --json", run: runLiveBench },
  agent: { about: "CPU per exchange against ptp4l, memory, idle CPU: --rounds N --json", run: runAgentBench },
};

const [name = "", ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench) {
  try {
    process.exitCode = await bench.run(args);
  } catch (error) {
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
} else {
  for (const [key, { about }] of Object.entries(benches)) process.stderr.write(`npm run bench -- ${key.padEnd(7)} ${about}\n`);
  process.exitCode = 2;
}
// Not by itself: Node 20 was seen to wait for ever, at its end, for a request that nobody answers any more.
process.exit();
