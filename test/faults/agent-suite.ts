/**
 * `npm run test:faults -- agent`: every fault on real agents in namespaces, on clocks whose truth is known. Faults run in lanes, each
 * a process in namespaces of its own, so that no referee waits for another's work; exit 0 when all were survived.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { parseArgs } from "node:util";
import { enterPrivateNamespace } from "../lab/private-namespace.js";
import type { AgentFault } from "./agent-fault.js";
import { agentFaults } from "./agent-faults.js";
import { AgentLane } from "./agent-lane.js";
import { type FaultOutcome, printOutcome, printSummary } from "./outcome.js";

const lanes = 3;
/** On two cores; more of them would measure each other. */
const mostAgents = 3;
const laneFlag = "--lane";

export async function runAgentSuite(args: string[]): Promise<number> {
  if (args[0] === laneFlag) return runLane(args[1] ?? "");
  const { values } = parseArgs({ args, options: { only: { type: "string" }, json: { type: "boolean", default: false } } });
  const only = values.only?.split(",");
  const unknown = only?.filter((name) => !agentFaults.some((fault) => fault.name === name)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(`no fault ${unknown.join(", ")}; there are ${agentFaults.map(({ name }) => name).join(", ")}\n`);
    return 2;
  }
  const wanted = agentFaults.filter(({ name }) => only?.includes(name) ?? true);
  const directory = mkdtempSync(join(tmpdir(), "meridian-agent-faults-"));
  const startedAt = performance.now();
  const outcomes: FaultOutcome[] = [];
  const tell = (outcome: FaultOutcome): void => {
    outcomes.push(outcome);
    printOutcome(outcome, values.json);
  };
  const queue = [...wanted];
  let free = mostAgents;
  /** The next one that there is room for; whoever finds none comes back when another one ends. */
  const take = (): AgentFault | undefined => {
    const index = queue.findIndex(({ agents }) => agents <= free);
    const [fault] = index < 0 ? [] : queue.splice(index, 1);
    free -= fault?.agents ?? 0;
    return fault;
  };
  const work = async (_: unknown, number: number): Promise<void> => {
    const lane = new LaneProcess(join(directory, `lane-${String(number)}`));
    while (queue.length > 0) {
      const fault = take();
      if (fault === undefined) await new Promise((resolve) => setTimeout(resolve, 100));
      else {
        tell(await lane.run(fault.name));
        free += fault.agents;
      }
    }
    await lane.end();
  };
  await Promise.all(Array.from({ length: Math.min(lanes, wanted.length) }, work));
  printSummary(outcomes, (performance.now() - startedAt) / 1000, values.json);
  const survived = outcomes.every(({ ok }) => ok);
  if (survived) rmSync(directory, { recursive: true, force: true });
  else process.stderr.write(`logs stay in ${directory}\n`);
  return survived ? 0 : 1;
}

/** A lane as the suite sees it: a name goes in, an outcome comes out. */
class LaneProcess {
  readonly #directory: string;
  #child: { readonly process: ReturnType<typeof spawnLane>; readonly lines: AsyncIterator<string> } | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async run(name: string): Promise<FaultOutcome> {
    const { process: child, lines } = (this.#child ??= this.#start());
    child.stdin.write(`${name}\n`);
    const { value, done } = await lines.next();
    if (done !== true) return JSON.parse(value) as FaultOutcome;
    this.#child = null;
    return { fault: name, ok: false, recoverSeconds: null, detail: `its lane ended (${String(child.exitCode ?? child.signalCode)})` };
  }

  async end(): Promise<void> {
    if (this.#child === null) return;
    const ended = once(this.#child.process, "exit");
    this.#child.process.stdin.end();
    await ended;
  }

  #start() {
    const child = spawnLane(this.#directory);
    return { process: child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  }
}

const spawnLane = (directory: string) =>
  spawn(process.execPath, [...process.argv.slice(1, 2), "agent", laneFlag, directory], { stdio: ["pipe", "pipe", "inherit"] });

/** Inside a lane: faults by name on standard input, until it ends. */
async function runLane(directory: string): Promise<number> {
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;
  const lane = new AgentLane(directory);
  const names: Interface = createInterface({ input: process.stdin });
  try {
    for await (const name of names) {
      const fault = agentFaults.find((candidate) => candidate.name === name);
      if (fault === undefined) throw new Error(`no fault ${name}`);
      const outcome = await fault
        .run(lane)
        .catch((error: unknown) => ({ fault: name, ok: false, recoverSeconds: null, detail: String(error) }));
      process.stdout.write(`${JSON.stringify(outcome)}\n`);
    }
  } finally {
    await lane.stop();
  }
  return 0;
}
