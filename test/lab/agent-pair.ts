/**
 * A grandmaster and a follower, each a real agent in a namespace of its own on a virtual clock: the grandmaster's is true, the
 * follower's is wrong as the test says. No hub: both run from a stored configuration.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Clock, createVirtualClock } from "@meridian/native";
import { clockReading } from "@meridian/native/layout";
import { pageFileOf, startAgent } from "./agent-process.js";
import type { LabProcess } from "./child-process.js";
import { insideNode, LabNetwork } from "./network.js";
import type { PrivateLab } from "./private-lab.js";
import { labServo, labTiming, storeConfig } from "./stored-config.js";

export const domainNumber = 9;

export interface FollowerOptions {
  /** Names its folder: one per test. */
  readonly name: string;
  /** ns by which its clock is wrong at first. */
  readonly offset?: number;
  /** ppb by which its oscillator is fast. */
  readonly frequency?: number;
  /** Default: labServo's. */
  readonly stepMode?: "OnStart" | "Never";
  /** Default: eth0. */
  readonly interface?: string;
}

/** One line of an agent's log. */
export interface LogLine {
  readonly msg: string;
  readonly code?: string;
  readonly from?: string;
  readonly to?: string;
}

/** A follower's folder and clock; its agent comes and goes. */
export class Follower {
  readonly directory: string;
  readonly clockFile: string;
  readonly pageFile: string;
  readonly logFile: string;
  readonly #pair: AgentPair;
  readonly #running = new Set<LabProcess>();

  constructor(
    pair: AgentPair,
    { name, offset = 20e6, frequency = 20_000, stepMode = "OnStart", interface: port = "eth0" }: FollowerOptions,
  ) {
    this.#pair = pair;
    this.directory = join(pair.directory, name);
    this.clockFile = join(this.directory, "clock");
    this.pageFile = pageFileOf(this.directory);
    this.logFile = join(this.directory, "agent.log");
    mkdirSync(this.directory, { recursive: true });
    createVirtualClock(this.clockFile, { seconds: 1200, seed: 7, offsetNs: offset, frequencyPpb: frequency, wanderPpb: 1, sinePpb: 0 });
    storeConfig(this.directory, {
      domain: "faults",
      role: "OrdinaryClock",
      objective: { maxErrorNanoseconds: 100_000, minimumIndependentSources: 1 },
      servo: { ...labServo, stepMode },
      receivers: [
        {
          source: "gm",
          timing: { ...labTiming(domainNumber, pair.logInterval), interface: port },
          use: "Primary",
          priority: 100,
          independenceGroup: "gm",
          arbitraryTimescale: "Refuse",
        },
      ],
    });
  }

  /** @param prefix a command that the agent is run by, e.g. setpriv with its flags */
  start(prefix: readonly string[] = []): LabProcess {
    const { lab, bundle } = this.#pair;
    const inside: PrivateLab["inside"] = (program, args) => lab.inside(...splitCommand([...prefix, program, ...args]));
    const agent = startAgent({
      node: "follower",
      directory: this.directory,
      hub: null,
      hubCaFile: "/nonexistent",
      tokenFile: "/nonexistent",
      clockFile: this.clockFile,
      namespace: "follower",
      bundle,
      inside,
    });
    this.#running.add(agent);
    return agent;
  }

  async stop(): Promise<void> {
    for (const agent of this.#running) await agent.stop();
  }

  log(): LogLine[] {
    return readFileSync(this.logFile, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line): LogLine => JSON.parse(line));
  }

  /** Waits for a line of the log that is not older than `since` lines. */
  async sees(agent: LabProcess, what: string, test: (line: LogLine) => boolean, timeoutMs = 20_000, since = 0): Promise<void> {
    await agent.waitUntil(what, () => this.log().slice(since).some(test), timeoutMs);
  }

  async locks(agent: LabProcess): Promise<void> {
    await this.sees(agent, "lock", ({ to }) => to === "PhaseAligned");
  }

  readClock(): { frequency: number; era: number } {
    const clock = Clock.open(`virtual:${this.clockFile}`, { steer: false });
    const out = new Float64Array(clockReading.length);
    clock.read(out);
    clock.close();
    return { frequency: out[clockReading.frequency] ?? Number.NaN, era: out[clockReading.era] ?? Number.NaN };
  }

  /** What the agent's probes and metrics answer. */
  fetch(path: string): string {
    const script = `fetch("http://127.0.0.1:9464${path}").then(async (response) => console.log(await response.text()))`;
    return this.#pair.runIn("follower", process.execPath, ["-e", script]);
  }

  /** Value of a metric line that begins with this; 0 when there is none. */
  metric(line: string): number {
    const found = this.fetch("/metrics")
      .split("\n")
      .find((it) => it.startsWith(line));
    return Number(found?.split(" ").at(-1) ?? 0);
  }
}

export class AgentPair {
  readonly lab: PrivateLab;
  readonly directory: string;
  readonly bundle: string;
  /** log2 of the Sync and Delay_Req interval in s. */
  readonly logInterval: number;
  #grandmaster: LabProcess | null = null;

  constructor(lab: PrivateLab, directory: string, bundle: string, logInterval: number) {
    this.lab = lab;
    this.directory = directory;
    this.bundle = bundle;
    this.logInterval = logInterval;
    const network = new LabNetwork((args) => void lab.run("ip", args));
    for (const node of ["grandmaster", "follower", "stranger"]) network.addNode(node);
  }

  async start(): Promise<void> {
    const directory = join(this.directory, "grandmaster");
    const clockFile = join(directory, "clock");
    mkdirSync(directory, { recursive: true });
    createVirtualClock(clockFile, { seconds: 1200, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    const timing = labTiming(domainNumber, this.logInterval);
    const transmitter = { grandmaster: "gm", timing, reference: "/dev/ptp0", referenceType: "PHC", uncertaintyNanoseconds: 100 };
    storeConfig(directory, { domain: "faults", role: "Grandmaster", servo: labServo, transmitters: [transmitter] });
    const grandmaster = startAgent({
      node: "grandmaster",
      directory,
      hub: null,
      hubCaFile: "/nonexistent",
      tokenFile: "/nonexistent",
      clockFile,
      reference: "/dev/ptp0",
      namespace: "grandmaster",
      bundle: this.bundle,
      inside: (program, args) => this.lab.inside(program, args),
    });
    this.#grandmaster = grandmaster;
    await grandmaster.waitUntil("serving", () => grandmaster.tail(50).includes('OwnsReference"'), 10_000);
  }

  async stop(): Promise<void> {
    await this.#grandmaster?.stop();
  }

  /** Runs a command in a node's namespace to its end. */
  runIn(node: string, program: string, args: readonly string[], input?: string): string {
    const command = insideNode(node, program, args);
    return this.lab.run(command.program, command.args, input);
  }
}

function splitCommand([program = "", ...args]: readonly string[]): [string, string[]] {
  return [program, args];
}
