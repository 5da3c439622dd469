/** Faults that only real processes can have: hostile packets, a stalled main thread, death, a port or a clock that is taken. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Clock, createVirtualClock } from "@meridian/native";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { NodeSampler } from "../demo/sampler.js";
import { AgentPair, Follower, type FollowerOptions } from "../lab/agent-pair.js";
import { pageFileOf, startAgent } from "../lab/agent-process.js";
import type { LabProcess } from "../lab/child-process.js";
import { hostilePackets } from "../lab/hostile-packets.js";
import { insideNode } from "../lab/network.js";
import { PrivateLab } from "../lab/private-lab.js";
import { repositoryRoot } from "../lab/repository.js";
import { labServo, labTiming, storeConfig } from "../lab/stored-config.js";

const native = join(repositoryRoot(), "node-agent/native/meridian-native.node");
const script = (name: string): string => join(repositoryRoot(), "test/lab", name);
const slewLimit = labServo.maxSlewPartsPerBillion;
/** Of the followers' oscillators, ppb. */
const oscillator = 20_000;
/** So long after the lock slews have nearly all of the limit. */
const settleMs = 6000;

let lab: PrivateLab | null = null;
let directory = "";
let pair: AgentPair;
let reason = "";
let follower: Follower | null = null;

beforeAll(async () => {
  if (!existsSync(native)) reason = "the native module is not built: npm run build";
  else lab = await PrivateLab.start();
  if (!lab) {
    reason ||= "needs root or user namespaces";
    return;
  }
  directory = mkdtempSync(join(tmpdir(), "meridian-faults-"));
  const { buildAgent } = await import(join(repositoryRoot(), "node-agent/build.mjs"));
  const bundle: string = await buildAgent({ log: () => undefined, outfile: join(directory, "bundle/meridian-agent.mjs") });
  copyFileSync(native, join(directory, "bundle/meridian-native.node"));
  pair = new AgentPair(lab, directory, bundle, -3);
  await pair.start();
});
beforeEach(({ skip }) => skip(reason !== "", reason));
afterEach(async () => {
  await follower?.stop();
  follower = null;
});
afterAll(async () => {
  await pair?.stop();
  await lab?.stop();
  if (directory !== "") rmSync(directory, { recursive: true, force: true });
});

function createFollower(options: FollowerOptions): Follower {
  follower = new Follower(pair, { frequency: oscillator, ...options });
  return follower;
}

/** Runs a script of the lab in a node; it ends with its standard input. */
async function startScript(node: string, name: string) {
  const inner = insideNode(node, process.execPath, [script(name)]);
  const { program, args } = pair.lab.inside(inner.program, inner.args);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

async function until(what: string, holds: () => boolean, timeoutMs: number): Promise<void> {
  for (const end = Date.now() + timeoutMs; !holds(); await sleep(2))
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`);
}

test("hostile packets are dropped, counted by reason, and do not touch the lock", async () => {
  const node = createFollower({ name: "packets" });
  const agent = node.start();
  await node.locks(agent);
  const sampler = new NodeSampler("follower", node.clockFile, node.pageFile);
  const lines = node.log().length;
  const before = new Map(
    hostilePackets.map(({ reason: name }) => [name, node.metric(`meridian_ptp_packets_dropped_total{reason="${name}"}`)]),
  );
  const count = 25;
  const packets = hostilePackets.flatMap(({ octets }) => [319, 320].map((port) => ({ octets, port, count })));
  const sending = sleep(0).then(() => pair.runIn("stranger", process.execPath, [script("send-packets.mjs")], JSON.stringify(packets)));
  for (let taken = 0; taken < 100; taken += 1) {
    sampler.take(performance.now());
    await sleep(20);
  }
  await sending;
  const expected = new Map(before);
  for (const { reason: name } of hostilePackets) expected.set(name, (expected.get(name) ?? 0) + 2 * count);
  for (const [name, value] of expected) expect(node.metric(`meridian_ptp_packets_dropped_total{reason="${name}"}`), name).toBe(value);
  expect(node.log().slice(lines)).toEqual([]);
  expect(node.metric('meridian_clock_state{state="PhaseAligned"}')).toBe(1);
  expect(sampler.judge(0, Number.POSITIVE_INFINITY)).toMatchObject({
    calibratedViolations: 0,
    guaranteedViolations: 0,
    voidSamples: 0,
    steps: 0,
  });
  sampler.close();
});

test("a grandmaster that serves a hardware clock keeps its own clock by it, within both bounds", async () => {
  const home = join(directory, "two-clocks");
  const [own, hardware] = [join(home, "clock"), join(home, "ptp0")];
  mkdirSync(home);
  createVirtualClock(own, { seconds: 600, seed: 3, offsetNs: 7e6, frequencyPpb: -25_000, wanderPpb: 1, sinePpb: 0 });
  createVirtualClock(hardware, { seconds: 600, seed: 4, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  const transmitter = { grandmaster: "gm", reference: "/dev/ptp0", referenceType: "PHC", uncertaintyNanoseconds: 200 };
  const transmitters = [{ ...transmitter, timing: labTiming(77, 0) }];
  storeConfig(home, { domain: "faults", role: "Grandmaster", servo: labServo, transmitters });
  const nobody = { hub: null, hubCaFile: "/nonexistent", tokenFile: "/nonexistent" };
  const inside: PrivateLab["inside"] = (program, args) => pair.lab.inside(program, args);
  const extraArgs = ["--map-clock", `/dev/ptp0=virtual:${hardware}`];
  const place = { node: "gm", directory: home, clockFile: own, namespace: "stranger", bundle: pair.bundle, inside, extraArgs };
  const agent = startAgent({ ...nobody, ...place });
  try {
    await agent.waitUntil("lock", () => agent.tail(50).includes('"to":"PhaseAligned"'), 20_000);
    const sampler = new NodeSampler("gm", own, pageFileOf(home));
    for (let taken = 0; taken < 100; taken += 1, await sleep(20)) sampler.take(performance.now());
    const { calibratedViolations, guaranteedViolations, voidSamples, steps } = sampler.judge(0, Number.POSITIVE_INFINITY);
    expect({ calibratedViolations, guaranteedViolations, voidSamples, steps }).toEqual({
      ...{ calibratedViolations: 0, guaranteedViolations: 0, voidSamples: 0, steps: 0 },
    });
    sampler.close();
  } finally {
    await agent.stop();
  }
}, 60_000);

test("a flood of garbage costs measurements, not the lock", async () => {
  const node = createFollower({ name: "flood" });
  const agent = node.start();
  await node.locks(agent);
  const lines = node.log().length;
  const flood = [319, 320].map((port) => ({ octets: "00".repeat(44), port, count: 20_000 }));
  pair.runIn("stranger", process.execPath, [script("send-packets.mjs")], JSON.stringify(flood));
  await sleep(1000);
  expect(node.log().slice(lines)).toEqual([]);
  expect(node.metric('meridian_clock_state{state="PhaseAligned"}')).toBe(1);
  expect(
    node.metric('meridian_ptp_packets_dropped_total{reason="version"}') + node.metric("meridian_host_ring_drops_total"),
  ).toBeGreaterThan(10_000);
}, 60_000);

test("a slew ends by itself while JavaScript is stalled for longer than any slew lasts, and the bounds stay true", async () => {
  const node = createFollower({ name: "stall", offset: 20e6, stepMode: "Never" });
  const agent = node.start();
  await node.sees(agent, "slewing", ({ to }) => to === "FrequencyLocked");
  const lines = node.log().length;
  agent.signal("SIGUSR1");
  const stall = await startScript("follower", "stall-javascript.mjs");
  const slewing = () => Math.abs(node.readClock().frequency + oscillator) > slewLimit / 2;
  // While the rate is not known to within the limit the clock is not slewed, and its frequency may be anywhere.
  await sleep(5000);
  await until("a slew", slewing, 10_000);
  // One command slews for 8 s at most (steering.ts), and so long a publication lives.
  const stalled = 12_000;
  stall.stdin.write(`${String(stalled)}\n`);
  const stalledAt = performance.now();
  const running = { again: false };
  stall.stdout.once("data", () => (running.again = true));
  const sampler = new NodeSampler("follower", node.clockFile, node.pageFile);
  const changes = [{ at: 0, frequency: node.readClock().frequency }];
  while (!running.again) {
    const at = performance.now() - stalledAt;
    const { frequency } = node.readClock();
    if (frequency !== changes.at(-1)?.frequency) changes.push({ at, frequency });
    sampler.take(at);
    await sleep(5);
  }
  expect(performance.now() - stalledAt).toBeGreaterThan(stalled - 100);
  // Before the loop begins and after it ends the agent steers; in between the only change is the slew's own end.
  const during = changes.filter(({ at }) => at < stalled - 200);
  const [before, last] = during.slice(-2);
  expect(during.length).toBeGreaterThan(1);
  // The whole slew is gone: what remains is the estimated rate. So early the limit is shared with what that may be wrong by.
  expect(Math.abs((last?.frequency ?? 0) + oscillator)).toBeLessThan(slewLimit / 2);
  const ended = Math.abs((last?.frequency ?? 0) - (before?.frequency ?? 0));
  expect(ended).toBeLessThanOrEqual(slewLimit);
  expect(ended).toBeGreaterThan(0);
  const { calibratedViolations, guaranteedViolations, steps } = sampler.judge(0, stalled);
  expect({ calibratedViolations, guaranteedViolations, steps }).toEqual({ calibratedViolations: 0, guaranteedViolations: 0, steps: 0 });
  const { voidSamples, samples } = sampler.judge(0, 5000);
  expect(voidSamples).toBe(0);
  expect(samples).toBeGreaterThan(200);
  sampler.close();
  stall.stdin.end();
  await until("slewing again", slewing, 5000);
  // The sender's Announces waited in the socket: it never fell silent.
  expect(node.log().slice(lines)).toEqual([]);
  expect(agent.failed).toBe(false);
}, 60_000);

test("what a killed agent leaves running is within the slew limit, and its successor does not step on the same boot", async () => {
  const node = createFollower({ name: "killed" });
  const first = node.start();
  await node.locks(first);
  await sleep(settleMs);
  await first.kill();
  expect(Math.abs(node.readClock().frequency + oscillator)).toBeLessThanOrEqual(slewLimit);
  const { era } = node.readClock();
  expect(era).toBe(1);
  // Ten times the threshold of a step, put there while nobody steers.
  disturb(node, 1e6);
  expect(node.readClock().era).toBe(2);
  let lines = node.log().length;
  const second = node.start();
  await node.sees(second, "slewing", ({ to, code }) => to === "FrequencyLocked" && code === undefined, 20_000, lines);
  await sleep(settleMs);
  await until("a slew", () => Math.abs(node.readClock().frequency + oscillator) > slewLimit / 2, 10_000);
  await second.kill();
  const left = Math.abs(node.readClock().frequency + oscillator);
  expect(left).toBeLessThanOrEqual(slewLimit);
  expect(node.readClock().era).toBe(2);
  expect(node.log().filter(({ msg }) => msg === "stepped the clock")).toHaveLength(1);
  // The same without its memory steps: so the memory is what prevents it.
  for (const file of ["stepped", "clock"]) rmSync(join(node.directory, "state", file), { force: true });
  lines = node.log().length;
  const third = node.start();
  await node.sees(third, "a step", ({ msg }) => msg === "stepped the clock", 20_000, lines);
  expect(node.readClock().era).toBe(3);
}, 90_000);

function disturb(node: Follower, by: number): void {
  const clock = Clock.open(`virtual:${node.clockFile}`, { steer: true });
  clock.step(by);
  clock.close();
}

test("a PTP port that another program holds is told with its holder, and taken over when it is free", async () => {
  const node = createFollower({ name: "taken" });
  const holder = await startScript("follower", "hold-port.mjs");
  const agent = node.start();
  const taken = `held by node (pid ${holder.pid ?? 0})`;
  await node.sees(agent, "the port's holder", ({ code, msg }) => code === "MER_AGENT_PORT_TAKEN" && msg.endsWith(taken));
  await sleep(3500); // three attempts later
  expect(node.log().filter(({ code }) => code === "MER_AGENT_PORT_TAKEN")).toHaveLength(1);
  holder.stdin.end();
  await node.sees(agent, "the port", ({ msg }) => msg === "port is open again");
  await node.locks(agent);
}, 60_000);

test("a second agent on the same clock ends with the first one's pid, and the first goes on", async () => {
  const node = createFollower({ name: "busy" });
  const first = node.start();
  await node.locks(first);
  const second = node.start();
  await until("the second's end", () => second.outcome !== null, 10_000);
  expect(second.outcome).toBe("exit 1");
  expect(second.tail(1)).toMatch(new RegExp(`^meridian-agent: MER_AGENT_CLOCK_BUSY: .*process ${first.pid} steers this clock$`, "m"));
  expect(first.outcome).toBeNull();
  expect(node.metric('meridian_clock_state{state="PhaseAligned"}')).toBe(1);
}, 60_000);

/** The agent's only lines about a code, after a second try. */
async function complaints(node: Follower, agent: LabProcess, code: string) {
  await node.sees(agent, code, (line) => line.code === code);
  await sleep(2000);
  return node.log().filter((line) => line.code?.startsWith("MER_AGENT_PORT") === true);
}

test("without the capabilities for PTP it says so in one line and runs on", async () => {
  const node = createFollower({ name: "denied" });
  const agent = node.start(["setpriv", "--bounding-set=-net_bind_service,-net_raw", "--inh-caps=-net_bind_service,-net_raw"]);
  expect(await complaints(node, agent, "MER_AGENT_PORT_DENIED")).toHaveLength(1);
  expect(node.fetch("/healthz")).toBe("ok\n\n");
  expect(node.fetch("/readyz")).toContain("clock state");
});

test("without the network interface it says so in one line, and takes it when it appears", async () => {
  const node = createFollower({ name: "absent", interface: "eth1" });
  const agent = node.start();
  expect(await complaints(node, agent, "MER_AGENT_PORT_ABSENT")).toHaveLength(1);
  pair.runIn("follower", "ip", ["link", "set", "eth0", "down"]);
  pair.runIn("follower", "ip", ["link", "set", "eth0", "name", "eth1"]);
  pair.runIn("follower", "ip", ["link", "set", "eth1", "up"]);
  try {
    await node.locks(agent);
  } finally {
    pair.runIn("follower", "ip", ["link", "set", "eth1", "down"]);
    pair.runIn("follower", "ip", ["link", "set", "eth1", "name", "eth0"]);
    pair.runIn("follower", "ip", ["link", "set", "eth0", "up"]);
  }
}, 60_000);

test("without its clock it ends with one line that names it", async () => {
  const node = createFollower({ name: "clockless" });
  rmSync(node.clockFile);
  const agent = node.start();
  await until("its end", () => agent.outcome !== null, 10_000);
  expect(agent.outcome).toBe("exit 1");
  expect(agent.tail().split("\n").slice(1)).toEqual([expect.stringMatching(/^meridian-agent: MER_AGENT_CLOCK_FAILED: .*clockless\/clock/)]);
});

test("with its probe address taken it ends with one line instead of hanging half-started", async () => {
  const node = createFollower({ name: "probes" });
  const first = node.start();
  await node.sees(first, "running", ({ msg }) => msg === "running");
  const other = new Follower(pair, { name: "probes-2" });
  const second = other.start();
  await until("its end", () => second.outcome !== null, 10_000);
  expect([second.outcome, second.tail(1)]).toEqual(["exit 1", expect.stringContaining("MER_AGENT_HTTP_ADDRESS: 127.0.0.1:9464")]);
});

test.each([
  ["read-only", (state: string) => [`mount --bind ${state} ${state}`, `mount -o remount,ro,bind ${state}`]],
  [
    "full",
    (state: string) => [
      `cp ${state}/config /run/config`,
      `mount -t tmpfs -o size=16k tmpfs ${state}`,
      `cp /run/config ${state}/config`,
      `dd if=/dev/zero of=${state}/ballast bs=4k count=100 2>/dev/null || true`,
    ],
  ],
])(
  "with a state directory that is %s it warns and locks all the same",
  async (what, commands) => {
    const node = createFollower({ name: `state-${what}` });
    const state = join(node.directory, "state");
    pair.lab.run("sh", ["-c", commands(state).join(" && ")]);
    const agent = node.start();
    await node.locks(agent);
    expect(node.log().filter(({ code }) => code === "MER_AGENT_STATE_UNWRITABLE").length).toBeGreaterThan(0);
    expect(agent.failed).toBe(false);
    await node.stop();
    pair.lab.run("umount", [state]);
  },
  60_000,
);

test("a configuration on disk that is damaged is told, and the agent waits for another", async () => {
  const node = createFollower({ name: "damaged" });
  storeConfig(node.directory, {});
  pair.lab.run("truncate", ["-s", "-1", join(node.directory, "state/config")]);
  const agent = node.start();
  await node.sees(agent, "the damage", ({ code }) => code === "MER_AGENT_STATE_UNREADABLE");
  expect(node.fetch("/healthz")).toBe("ok\n\n");
  expect(node.fetch("/readyz")).toContain("no configuration yet");
});
