/**
 * One agent under test on a clock that is wrong at first: started, watched by a referee, asked by its own status command, and in
 * the end judged by what holds after every fault: it lives, its clock is near, true time never left a bound, nothing was lost.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Clock, createVirtualClock } from "@meridian/native";
import { clockReading } from "@meridian/native/layout";
import type { EffectiveConfig } from "@meridian/proto";
import { pageFileOf, socketFileOf, startAgent, stateDirectoryOf } from "../lab/agent-process.js";
import type { LabProcess } from "../lab/child-process.js";
import { labError } from "../lab/errors.js";
import { readStartCommand } from "../lab/start-command.js";
import { storeConfig } from "../lab/stored-config.js";
import type { AgentLane } from "./agent-lane.js";
import { AgentReferee } from "./agent-referee.js";
import type { FaultOutcome } from "./outcome.js";

export interface TrialOptions {
  readonly name: string;
  /** Where a running agent would have stored it; null: it waits for its hub. */
  readonly config: EffectiveConfig | null;
  /** ns by which its clock is wrong at first; default 5 ms. */
  readonly offsetNs?: number;
  /** ppb by which its oscillator is fast; default 20 ppm. */
  readonly frequencyPpb?: number;
  /** host:port, CA and token; default: none, it runs from what it stored. */
  readonly hub?: { readonly address: string; readonly caFile: string; readonly tokenFile: string };
  readonly extraArgs?: readonly string[];
  /** Folder of its page, in its own; default: its own. */
  readonly pageFolder?: string;
}

/** One line of an agent's log. */
export interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly code?: string;
  readonly from?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly subject?: string;
  readonly part?: string;
}

/** As much of `meridian-agent status -o json` as faults show in. */
export interface ToldStatus {
  readonly clock: {
    readonly state: string;
    readonly reason: string;
    readonly selected: string | null;
    readonly guaranteedBoundNanoseconds: number | null;
    readonly conflicts: readonly { readonly process: string; readonly evidence: string }[];
  };
  readonly hub: { readonly connected: boolean; readonly trouble: string | null };
  readonly sources: readonly { readonly name: string; readonly state: string; readonly reason: string; readonly measurements: number }[];
  readonly ports: readonly { readonly interface: string; readonly state: string; readonly trouble: { readonly code: string } | null }[];
}

const oscillatorSeconds = 1200;
const lockLimitMs = 40_000;
/** After the lock, until both bounds are what they are on an ordinary day, ms. */
const settleMs = 1500;

export class AgentTrial {
  readonly name: string;
  readonly lane: AgentLane;
  readonly directory: string;
  readonly clockFile: string;
  readonly pageFile: string;
  readonly stateDirectory: string;
  readonly referee: AgentReferee;
  /** Ends by design. */
  mayEnd = false;
  /** Its stored configuration is damaged or replaced by design. */
  mayLoseConfig = false;
  /** What its clock may be off by once it has recovered, ns. Default: what the objective says. */
  nearNs = 1e6;
  /** Steps after the first lock that somebody else made, or that the fault asks for. */
  expectedSteps = 0;
  readonly #options: TrialOptions;
  readonly #notes: string[] = [];
  readonly #complaints: string[] = [];
  readonly #agents: LabProcess[] = [];
  /** Lines of its log that earlier agents wrote. */
  #begun = 0;
  #lockedAt: number | null = null;
  #recoverSeconds: number | null = null;
  #config = "";

  /** Makes its folder, its clock and what it stored; starts nothing. */
  constructor(lane: AgentLane, options: TrialOptions) {
    const { name, config, offsetNs = 5e6, frequencyPpb = 20_000, pageFolder = "." } = options;
    this.name = name;
    this.lane = lane;
    this.#options = options;
    this.directory = lane.home(name);
    this.clockFile = join(this.directory, "clock");
    this.pageFile = pageFileOf(join(this.directory, pageFolder));
    mkdirSync(dirname(this.pageFile), { recursive: true });
    this.stateDirectory = stateDirectoryOf(this.directory);
    createVirtualClock(this.clockFile, { seconds: oscillatorSeconds, seed: 7, offsetNs, frequencyPpb, wanderPpb: 1, sinePpb: 0 });
    if (config !== null) storeConfig(this.directory, config);
    this.#config = this.#digestOfConfig();
    this.referee = new AgentReferee(this.clockFile, this.pageFile);
  }

  /** @param prefix a command that the agent is run by, e.g. setpriv with its flags */
  start(prefix: readonly string[] = [], extraArgs: readonly string[] = []): LabProcess {
    const { hub } = this.#options;
    this.#begun = this.lines().length;
    const agent = startAgent({
      node: "follower",
      directory: this.directory,
      hub: hub?.address ?? null,
      hubCaFile: hub?.caFile ?? "/nonexistent",
      tokenFile: hub?.tokenFile ?? "/nonexistent",
      clockFile: this.clockFile,
      pageFile: this.pageFile,
      namespace: "follower",
      inside: (program, args) => {
        const [first = program, ...rest] = [...prefix, program, ...args];
        return { program: first, args: rest };
      },
      extraArgs: [...(this.#options.extraArgs ?? []), ...extraArgs],
    });
    this.#agents.push(agent);
    return agent;
  }

  /** Beside the first, with everything that it has; judged by whoever starts it. */
  startSecond(extraArgs: readonly string[] = []): LabProcess {
    const begun = this.#begun;
    const second = this.start([], extraArgs);
    this.#begun = begun;
    this.#agents.unshift(...this.#agents.splice(-1));
    return second;
  }

  /** The one that was started last. */
  get agent(): LabProcess {
    const agent = this.#agents.at(-1);
    if (!agent) throw new Error(`${this.name}: no agent was started`);
    return agent;
  }

  /** Started, and locked for the first time. @throws MER_LAB_PROCESS_FAILED */
  async startLocked(): Promise<void> {
    const agent = this.start();
    await agent.waitUntil("lock", () => this.state === "PhaseAligned", lockLimitMs);
    this.#lockedAt ??= performance.now();
    await sleep(settleMs);
  }

  lines(): LogLine[] {
    const file = join(this.directory, "agent.log");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line): LogLine => JSON.parse(line));
  }

  /** Last one told by the present agent; empty: none yet. */
  get state(): string {
    return this.lines().findLast(({ msg }, index) => msg === "state" && index >= this.#begun)?.to ?? "";
  }

  /** Waits for something to hold. @returns seconds that it took. @throws MER_LAB_TIMEOUT */
  async until(what: string, holds: () => boolean | Promise<boolean>, limitSeconds: number): Promise<number> {
    const from = performance.now();
    for (let took = 0; ; took = (performance.now() - from) / 1e3) {
      if (await holds()) return took;
      if (took > limitSeconds) throw labError("MER_LAB_TIMEOUT", `${what}: not within ${String(limitSeconds)} s (state ${this.state})`);
      await sleep(20);
    }
  }

  /** Waits for a line of the log that is not older than `since` lines. */
  sees(what: string, test: (line: LogLine) => boolean, limitSeconds: number, since = 0): Promise<number> {
    return this.until(what, () => this.lines().slice(since).some(test), limitSeconds);
  }

  reaches(state: string, limitSeconds: number): Promise<number> {
    return this.until(state, () => this.state === state, limitSeconds);
  }

  /** The fault is over: how long until the clock is aligned again. */
  async recovers(limitSeconds: number): Promise<void> {
    this.#recoverSeconds = await this.reaches("PhaseAligned", limitSeconds);
    this.#lockedAt ??= performance.now();
  }

  /** What its own command says. @throws when it does not answer */
  async status(): Promise<ToldStatus> {
    const { bundle } = readStartCommand("node-agent");
    const args = [bundle, "status", "-o", "json", "--socket", socketFileOf(this.directory)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { encoding: "utf8", timeout: 10_000 });
    return JSON.parse(stdout) as ToldStatus;
  }

  readClock(): { readonly raw: number; readonly frequency: number; readonly era: number } {
    const clock = Clock.open(`virtual:${this.clockFile}`, { steer: false });
    const out = new Float64Array(clockReading.length);
    clock.read(out);
    clock.close();
    const [raw = Number.NaN, frequency = Number.NaN, era = Number.NaN] = [clockReading.raw, clockReading.frequency, clockReading.era].map(
      (at) => out[at],
    );
    return { raw, frequency, era };
  }

  /** For the outcome's detail. */
  note(text: string): void {
    this.#notes.push(text);
  }

  claim(holds: boolean, complaint: string): void {
    if (!holds) this.#complaints.push(complaint);
  }

  /** Nothing was asked of its recovery: it never lost anything. */
  unharmed(): void {
    this.#recoverSeconds ??= 0;
    this.claim(this.state === "PhaseAligned", `its state is ${this.state}`);
  }

  /** Ends what runs, and judges. @param failure what the fault's own course ran into; null: nothing */
  async finish(failure: string | null): Promise<FaultOutcome> {
    if (failure !== null) this.#complaints.push(failure);
    const last = this.referee.take();
    const verdict = this.referee.judgeAll();
    const { agent } = this;
    this.claim(this.mayEnd || !agent.failed, `the agent ended (${agent.outcome ?? ""})`);
    this.claim(verdict.samples > 20 && verdict.unread === 0, `${String(verdict.samples)} samples, ${String(verdict.unread)} unread`);
    this.claim(verdict.calibratedViolations === 0, `${String(verdict.calibratedViolations)} samples beyond the calibrated bound`);
    this.claim(verdict.guaranteedViolations === 0, `${String(verdict.guaranteedViolations)} samples beyond the guaranteed bound`);
    const violation = this.referee.describeViolation();
    this.claim(violation === "", violation);
    if (this.#lockedAt !== null) {
      const { steps } = this.referee.judge(this.#lockedAt);
      this.claim(steps === this.expectedSteps, `${String(steps)} steps, not ${String(this.expectedSteps)}`);
      this.claim(Math.abs(last?.trueError ?? Number.NaN) < this.nearNs, `its clock is wrong by ${String((last?.trueError ?? 0) / 1e6)} ms`);
    }
    this.claim(this.mayLoseConfig || this.#digestOfConfig() === this.#config, "its stored configuration is another");
    await this.referee.stop();
    for (const process of this.#agents) await process.stop(3000);
    const told = `${String(verdict.samples)} samples, |error| ≤ ${(100 * verdict.worstShare).toFixed(0)} % of the bound, ${String(verdict.voidSamples)} void${verdict.excused > 0 ? `, ${String(verdict.excused)} excused` : ""}`;
    const detail = [...this.#notes, told, ...this.#complaints].join("; ");
    return { fault: this.name, ok: this.#complaints.length === 0, recoverSeconds: this.#recoverSeconds, detail };
  }

  #digestOfConfig(): string {
    const file = join(this.stateDirectory, "config");
    return existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : "";
  }
}
