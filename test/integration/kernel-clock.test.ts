/**
 * An agent as a real node runs it, steering CLOCK_REALTIME, on a kernel that is a fake: the machine's own clock is the truth, which a
 * grandmaster in another namespace serves, and nothing adjusts it.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { currentTaiMinusUtc, judgeLeapTable } from "@meridian/engine";
import { createVirtualClock } from "@meridian/native";
import { buildFakeKernel, FakeKernel } from "@meridian/native/fake-kernel";
import type { EffectiveConfig } from "@meridian/proto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NodeSampler } from "../demo/sampler.js";
import { AgentPair, domainNumber } from "../lab/agent-pair.js";
import { pageFileOf, startAgent } from "../lab/agent-process.js";
import type { LabProcess } from "../lab/child-process.js";
import { PrivateLab } from "../lab/private-lab.js";
import { repositoryRoot } from "../lab/repository.js";
import { labServo, labTiming, storeConfig } from "../lab/stored-config.js";

const native = join(repositoryRoot(), "node-agent/native/meridian-native.node");
/** Of the follower's oscillator, ppb. */
const oscillator = 20_000;
const unsynchronized = 0x40;
/** Between two samples of the truth, ms. */
const pause = 20;

let lab: PrivateLab | null = null;
let directory = "";
let pair: AgentPair | null = null;
let library: string | null = null;
let reason = "";

beforeAll(async () => {
  if (!existsSync(native)) reason = "the native module is not built: npm run build";
  else library = buildFakeKernel();
  if (reason === "" && library === null) reason = "needs cargo, for the fake kernel";
  if (reason === "") lab = await PrivateLab.start();
  if (!lab) {
    reason ||= "needs root or user namespaces";
    return;
  }
  directory = mkdtempSync(join(tmpdir(), "meridian-kernel-clock-"));
  const { buildAgent } = await import(join(repositoryRoot(), "node-agent/build.mjs"));
  const bundle: string = await buildAgent({ log: () => undefined, outfile: join(directory, "bundle/meridian-agent.mjs") });
  copyFileSync(native, join(directory, "bundle/meridian-native.node"));
  pair = new AgentPair(lab, directory, bundle, -3);
  await pair.start();
}, 180_000);
beforeEach(({ skip }) => skip(reason !== "", reason));
afterAll(async () => {
  await pair?.stop();
  await lab?.stop();
  if (directory !== "") rmSync(directory, { recursive: true, force: true });
});

const objective = { maxErrorNanoseconds: 100_000, minimumIndependentSources: 1 };

/** Takes its time from the pair's grandmaster. */
function following(): EffectiveConfig {
  return {
    domain: "kernel",
    role: "OrdinaryClock",
    objective,
    servo: labServo,
    receivers: [
      {
        source: "gm",
        timing: labTiming(domainNumber, pair?.logInterval ?? 0),
        use: "Primary",
        priority: 100,
        independenceGroup: "gm",
        arbitraryTimescale: "Refuse",
      },
    ],
  };
}

/** Takes its time from the hardware clock of its own network card, which something else keeps right. */
function owning(): EffectiveConfig {
  const timing = labTiming(domainNumber + 1, pair?.logInterval ?? 0);
  const transmitter = { grandmaster: "own", timing, reference: "/dev/ptp0", referenceType: "PHC", uncertaintyNanoseconds: 100 };
  return { domain: "kernel", role: "Grandmaster", objective, servo: labServo, transmitters: [transmitter] };
}

interface KernelNodeOptions {
  /** Of the fake kernel. */
  readonly words?: Readonly<Record<string, number>>;
  readonly extraArgs?: readonly string[];
}

/** An agent on a fake kernel, in the follower's place. */
class KernelNode {
  readonly directory: string;
  readonly kernel: FakeKernel;
  readonly agent: LabProcess;

  constructor(name: string, config: EffectiveConfig, { words = {}, extraArgs = [] }: KernelNodeOptions = {}) {
    if (!pair || library === null) throw new Error("skipped above");
    const { bundle, lab: place } = pair;
    this.directory = join(directory, name);
    mkdirSync(this.directory);
    storeConfig(this.directory, config);
    this.kernel = new FakeKernel(library, { OscillatorPpb: oscillator, RealtimeOffset: 20_000_000, PhcPresent: 0, ...words });
    this.agent = startAgent({
      node: "follower",
      directory: this.directory,
      hub: null,
      hubCaFile: "/nonexistent",
      tokenFile: "/nonexistent",
      clockFile: null,
      namespace: "follower",
      bundle,
      inside: (program, args) => place.inside(program, args),
      env: { ...process.env, ...this.kernel.environment },
      extraArgs,
    });
  }

  async locks(): Promise<void> {
    await this.sees('"to":"PhaseAligned"', 30_000);
  }

  async sees(text: string, timeoutMs: number, meanwhile = (): void => undefined): Promise<void> {
    const look = (): boolean => {
      meanwhile();
      return this.agent.tail(100).includes(text);
    };
    await this.agent.waitUntil(text, look, timeoutMs);
  }

  get synchronized(): boolean {
    return (this.kernel.get("Status") & unsynchronized) === 0;
  }

  async stop(): Promise<void> {
    await this.agent.stop();
    this.kernel.remove();
  }
}

/** For 6 s: how often something that was promised did not hold, and the worst error, ns. */
async function watch(node: KernelNode, truth: string) {
  const { kernel } = node;
  const sampler = new NodeSampler("follower", truth, pageFileOf(node.directory));
  const beyond = { calibrated: 0, guaranteed: 0, kernel: 0, unsynchronized: 0, void: 0 };
  let worst = 0;
  for (let taken = 0; taken < 300; taken += 1, await sleep(pause)) {
    const { calibrated, guaranteed } = sampler.take(performance.now());
    const error = Math.abs(kernel.get("TrueError"));
    worst = Math.max(worst, error);
    beyond.calibrated += Number(error > calibrated);
    beyond.guaranteed += Number(error > guaranteed);
    beyond.kernel += Number(error > kernel.get("MaximumError") * 1000);
    beyond.unsynchronized += Number(!node.synchronized);
    beyond.void += Number(Number.isNaN(guaranteed));
  }
  sampler.close();
  return { beyond, worst };
}

const nothing = { calibrated: 0, guaranteed: 0, kernel: 0, unsynchronized: 0, void: 0 };

test.each([
  ["a grandmaster's packets", "steers", following, {}],
  [
    "its network card's hardware clock",
    "owns",
    owning,
    { words: { PhcPresent: 1 }, extraArgs: ["--map-clock", "/dev/ptp0=phc:/dev/ptp0"] },
  ],
])(
  "an agent disciplines the kernel's clock by %s within both bounds, and the kernel says so",
  async (_by, name, config, options) => {
    const node = new KernelNode(name, config(), options);
    const { kernel, agent } = node;
    try {
      // The truth, for a reader that wants a file of it.
      const truth = join(node.directory, "truth");
      createVirtualClock(truth, { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
      await node.locks();
      // The offset was beyond the threshold of a step.
      expect(agent.tail(50)).toContain('"stepped the clock"');
      await agent.waitUntil("the kernel's status", () => node.synchronized, 5_000);
      const { beyond, worst } = await watch(node, truth);
      expect(beyond).toEqual(nothing);
      // Far from the 20 ms that it began with; and a bound that says something.
      expect(worst).toBeLessThan(100_000);
      expect(kernel.get("MaximumError")).toBeLessThan(16_000);
      expect(kernel.get("TaiOffset")).toBe(judgeLeapTable(Date.now() / 1e3) === "Expired" ? 0 : currentTaiMinusUtc());
      await agent.stop();
      expect(agent.failed).toBe(false);
      // The frequency that cancels its oscillator's is left in force.
      expect(Math.abs(kernel.get("Frequency") / 65.536 + oscillator)).toBeLessThan(5_000);
      expect(kernel.get("Tick")).toBe(10_000);
    } finally {
      await node.stop();
    }
  },
  120_000,
);

test("another program that steers the kernel's clock is found, and from then on has it for itself", async () => {
  const node = new KernelNode("contested", following());
  const { kernel } = node;
  /** As a daemon does, though oftener. */
  const disturb = (): void => {
    kernel.set("RealtimeFrequencyRequested", 70 * 65_536);
    kernel.set("RealtimeFrequencyRequest", 1);
  };
  try {
    await node.locks();
    await node.sees('"MER_AGENT_CLOCK_CONTESTED"', 20_000, disturb);
    await sleep(500);
    disturb();
    const commands = kernel.get("RealtimeAdjustments");
    await sleep(2_000);
    expect(kernel.get("RealtimeAdjustments")).toBe(commands);
    expect(kernel.get("Frequency")).toBe(70 * 65_536);
  } finally {
    await node.stop();
  }
}, 120_000);
