/**
 * What the agent costs, beside ptp4l in the same minute: both follow the same ptp4l grandmaster over the same kind of link,
 * one after the other, in interleaved rounds. CPU is the scheduler's own count over all threads of the process; an exchange is
 * one Sync with its Follow_Up and one Delay_Req with its Delay_Resp.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createVirtualClock } from "@meridian/native";
import { startAgent } from "../lab/agent-process.js";
import type { LabProcess } from "../lab/child-process.js";
import { LabNetwork } from "../lab/network.js";
import { enterPrivateNamespace } from "../lab/private-namespace.js";
import { readCpuNanoseconds, readMemory } from "../lab/process-usage.js";
import { startPtp4l } from "../lab/ptp4l.js";
import { labServo, labTiming, storeConfig } from "../lab/stored-config.js";
import { type Figure, printFigures, summarizeFigure } from "./figure.js";

/** Lock, just-in-time compilation and the trimming of memory are over by then. */
const warmUpSeconds = 14;
const measureSeconds = 10;
const domainNumber = 9;

interface Round {
  /** µs of CPU per exchange. */
  readonly cost: number;
  readonly resident: number;
  readonly privateDirty: number;
}

/** Exit code: 0 when it measured; 2 when it could not run. */
export async function runAgentBench(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "5" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) throw new Error(`--rounds ${values.rounds} is not in 1 … 50`);
  const outside = await enterPrivateNamespace(process.argv.slice(1));
  if (outside !== null) return outside;
  const directory = mkdtempSync(join(tmpdir(), "meridian-bench-"));
  try {
    const network = new LabNetwork();
    for (const node of ["server", "client"]) network.addNode(node);
    printFigures(await measureCosts(rounds, directory), values.json);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return 0;
}

/** In a network that has the nodes `server` and `client`. */
export async function measureCosts(rounds: number, directory: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const logInterval of [-4, -7]) figures.push(...(await compareAt(logInterval, rounds, directory)));
  figures.push(await measureIdle(rounds, directory));
  return figures;
}

async function compareAt(logInterval: number, rounds: number, directory: string): Promise<Figure[]> {
  const rate = 2 ** -logInterval;
  const server = startPtp4l({
    node: "server",
    directory: join(directory, `server-${String(rate)}`),
    domainNumber,
    role: "timeTransmitter",
    logInterval,
  });
  const ours: Round[] = [];
  const theirs: Round[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const home = join(directory, `round-${String(rate)}-${String(round)}`);
      theirs.push(
        await measure(
          () => startPtp4l({ node: "client", directory: join(home, "ptp4l"), domainNumber, role: "timeReceiver", logInterval }),
          rate,
        ),
      );
      ours.push(await measure(() => startFollower(join(home, "agent"), logInterval), rate));
      process.stderr.write(
        `round ${String(round + 1)} of ${String(rounds)} at ${String(rate)}/s: ${(ours.at(-1)?.cost ?? 0).toFixed(1)} µs, ptp4l ${(theirs.at(-1)?.cost ?? 0).toFixed(1)} µs an exchange\n`,
      );
    }
  } finally {
    await server.stop();
  }
  const peerCosts = theirs.map(({ cost }) => cost);
  const peer = (value: number) => ({ peer: { name: "ptp4l", value } });
  const ratios = ours.map(({ cost }, index) => cost / (peerCosts[index] ?? Number.NaN));
  const name = `agent.at${String(rate)}`;
  return [
    summarizeFigure({ metric: `${name}.cpu_ratio`, unit: "× ptp4l", target: 1, moonshot: 0.5, ...peer(1) }, ratios),
    summarizeFigure(
      {
        metric: `${name}.cpu_per_exchange`,
        unit: "µs",
        target: summarizeFigure({ metric: "", unit: "", target: 0 }, peerCosts).value,
        ...peer(summarizeFigure({ metric: "", unit: "", target: 0 }, peerCosts).value),
      },
      ours.map(({ cost }) => cost),
    ),
    summarizeFigure(
      { metric: `${name}.resident`, unit: "MB", target: 60, moonshot: 30 },
      ours.map(({ resident }) => resident),
    ),
    summarizeFigure(
      { metric: `${name}.private_dirty`, unit: "MB", target: 18, moonshot: 12 },
      ours.map(({ privateDirty }) => privateDirty),
    ),
  ];
}

/** Runs a client alone, and counts what it costs once it is warm. */
async function measure(start: () => LabProcess, rate: number): Promise<Round> {
  const client = start();
  try {
    await sleep(warmUpSeconds * 1000);
    const before = { cpu: readCpuNanoseconds(client.pid), at: performance.now() };
    await sleep(measureSeconds * 1000);
    const cpu = readCpuNanoseconds(client.pid) - before.cpu;
    const seconds = (performance.now() - before.at) / 1000;
    if (client.failed || Number.isNaN(cpu)) throw new Error(`${client.name} ended (${client.outcome ?? ""})\n${client.tail()}`);
    assertFollows(client);
    return { cost: cpu / 1000 / (seconds * rate), ...readMemory(client.pid) };
  } finally {
    await client.stop();
  }
}

/** A client that measures nothing would be cheap. */
function assertFollows(client: LabProcess): void {
  const log = readFileSync(client.logFile, "utf8");
  if (!/UNCALIBRATED|SLAVE/.test(log)) throw new Error(`${client.name} follows nobody\n${client.tail()}`);
}

function startFollower(home: string, logInterval: number): LabProcess {
  prepareHome(home);
  storeConfig(home, {
    domain: "bench",
    role: "OrdinaryClock",
    objective: { maxErrorNanoseconds: 100_000, minimumIndependentSources: 1 },
    servo: labServo,
    receivers: [
      {
        source: "server",
        timing: labTiming(domainNumber, logInterval),
        use: "Primary",
        priority: 100,
        independenceGroup: "server",
        uncertaintyNanoseconds: 1000,
        arbitraryTimescale: "UTC",
      },
    ],
  });
  return startBare(home);
}

function prepareHome(home: string): void {
  mkdirSync(home, { recursive: true });
  createVirtualClock(join(home, "clock"), { seconds: 3600, seed: 1, offsetNs: 5e6, frequencyPpb: 20_000, wanderPpb: 1, sinePpb: 0 });
}

const startBare = (home: string): LabProcess =>
  startAgent({
    node: "client",
    directory: home,
    hub: null,
    hubCaFile: "/nonexistent",
    tokenFile: "/nonexistent",
    clockFile: join(home, "clock"),
    namespace: "client",
  });

/** An agent without anything to do. */
async function measureIdle(rounds: number, directory: string): Promise<Figure> {
  const shares: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const home = join(directory, `idle-${String(round)}`);
    prepareHome(home);
    const agent = startBare(home);
    try {
      await sleep(warmUpSeconds * 1000);
      const before = readCpuNanoseconds(agent.pid);
      await sleep(measureSeconds * 1000);
      shares.push((readCpuNanoseconds(agent.pid) - before) / (measureSeconds * 1e9));
    } finally {
      await agent.stop();
    }
  }
  return summarizeFigure({ metric: "agent.idle_cpu", unit: "share of a CPU", target: 0.01, moonshot: 0.001 }, shares);
}
