import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clockReading } from "@meridian/native/layout";
import type { Capabilities, HubMessage } from "@meridian/proto";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";
import { runCommand } from "./cli/run-command.js";
import type { AgentConfig } from "./config.js";
import { Authority, hasOpenssl, type Identity } from "./testing/certificates.js";
import { FakeHub, type HubStream } from "./testing/fake-hub.js";

const { Clock, createVirtualClock } = await importBuilt(() => import("@meridian/native"));
const { Agent } = await importBuilt(() => import("./agent.js"));
type Agent = InstanceType<typeof Agent>;

const folder = mkdtempSync(join(tmpdir(), "meridian-agent-"));
const clockFile = join(folder, "clock");
let authority: Authority;
let identity: Identity;
let hub: FakeHub;
let agent: Agent | null = null;
let round = 0;
let lines: { msg: string; code?: string; revision?: string; hub?: string }[] = [];

beforeAll(() => {
  if (!hasOpenssl) return;
  authority = new Authority(folder, "ca");
  identity = authority.issue("meridian-hub");
  writeFileSync(join(folder, "token"), "token");
});
beforeEach(async ({ skip }) => {
  skip(!hasOpenssl, "needs openssl 3");
  round += 1;
  lines = [];
  createVirtualClock(clockFile, { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  hub = await FakeHub.start(identity);
});
afterEach(() => {
  agent?.stop();
  hub?.kill();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(change: Partial<AgentConfig> = {}, capabilitiesOf?: () => Capabilities): Promise<Agent> {
  const config: AgentConfig = {
    nodeName: "n1",
    hubs: [hub.address],
    hubCaFile: authority.certificateFile,
    tokenFile: join(folder, "token"),
    stateDirectory: join(folder, `state-${round}`),
    pageFile: join(folder, `run-${round}/page`),
    clockBoundDirectory: null,
    socketFile: join(folder, `run-${round}/agent.sock`),
    mode: "steer",
    clocks: new Map([["realtime", `virtual:${clockFile}`]]),
    httpAddress: "127.0.0.1:0",
    logLevel: "info",
    ...change,
  };
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  agent = new Agent(config, log, "1.2.3", () => 0, capabilitiesOf);
  await agent.start();
  return agent;
}

async function welcomed(leaderEpoch = 5): Promise<HubStream> {
  const stream = await hub.accept();
  stream.welcome(leaderEpoch);
  return stream;
}

/** No machine has the interface: the agent wants to follow, and nobody answers. */
const configOf = (leaderEpoch: number, revision: string): HubMessage => ({
  config: {
    leaderEpoch,
    revision,
    config: {
      domain: "d",
      role: "OrdinaryClock",
      servo: { stepMode: "OnStart" },
      receivers: [{ source: "gm", timing: { interface: "mer-none" }, use: "Primary" }],
    },
  },
});
const appliedRevision = (stream: HubStream, revision: string) =>
  stream.receive(({ applied }) => (applied?.revision === revision ? applied : null));
const saw = (code: string): boolean => lines.some((line) => line.code === code);

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !holds(); await sleep(5))
    if (Date.now() > end) throw new Error(`not within 5 s: ${JSON.stringify(lines)}`);
}

/** Leaves the clock running at `ppb`, as a steering agent would. */
function leaveFrequency(ppb: number): void {
  const clock = Clock.open(`virtual:${clockFile}`, { steer: true });
  clock.command(ppb, 0, ppb);
  clock.close();
}

function readFrequency(): number {
  const clock = Clock.open(`virtual:${clockFile}`, { steer: false });
  const out = new Float64Array(clockReading.length);
  clock.read(out);
  clock.close();
  return out[clockReading.frequency] ?? Number.NaN;
}

const probe = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${agent?.probePort ?? 0}${path}`)).status;

test("introduces itself, is not ready without a configuration, and answers one with what became of each part", async () => {
  await start();
  expect([await probe("/healthz"), await probe("/readyz")]).toEqual([200, 503]);
  const stream = await welcomed();
  expect(await stream.receive(({ hello }) => hello)).toMatchObject({
    protocolVersion: 1,
    agentVersion: "1.2.3",
    nodeName: "n1",
    appliedRevision: "",
    clockTrusted: false,
    capabilities: { canSteer: true, clocks: [{ name: "system", type: "Virtual" }] },
  });
  stream.send(configOf(5, "r1"));
  const { parts } = await appliedRevision(stream, "r1");
  expect(parts).toEqual([
    expect.objectContaining({ part: "ptp/gm", ok: false, code: "MER_AGENT_PORT_ABSENT" }),
    expect.objectContaining({ part: "clock", ok: true }),
  ]);
  expect(await stream.receive(({ report }) => report)).toMatchObject({
    state: expect.stringMatching(/Unknown|FreeRunning/),
    clockSteps: 0,
  });
});

test("shows at its socket what it is doing, and removes the socket when it stops", async () => {
  const socketFile = join(folder, `run-${round}/agent.sock`);
  const show = async (...argv: string[]): Promise<[number, string]> => {
    let out = "";
    const print = (text: string): void => void (out += text);
    const code = await runCommand([...argv, "--socket", socketFile], { out: print, err: print });
    return [code, out];
  };
  await start();
  const [code, unclaimed] = await show("status", "-o", "json");
  expect(code).toBe(0);
  expect(JSON.parse(unclaimed)).toMatchObject({ node: "n1", domain: null, revision: null, objective: null, sources: [] });
  const stream = await welcomed();
  stream.send(configOf(5, "r1"));
  await appliedRevision(stream, "r1");
  expect(agent?.describe()).toMatchObject({
    ...{ node: "n1", version: "1.2.3", mode: "steer", domain: "d", role: "OrdinaryClock", revision: "r1" },
    hub: { connected: true, address: hub.address, trouble: null },
    clock: { name: "system", uri: `virtual:${clockFile}`, calibratedBoundNanoseconds: null, offsetNanoseconds: null, steps: 0 },
    sources: [{ name: "gm", use: "Primary", state: "NoAnswer", reason: "NeverHeard", offsetNanoseconds: null, measurements: 0 }],
    ports: [{ interface: "mer-none", state: "Lost", trouble: { code: "MER_AGENT_PORT_ABSENT" } }],
    clocks: [{ name: "system", type: "Virtual", device: `virtual:${clockFile}`, steerable: true }],
  });
  expect(await show("sources")).toEqual([0, expect.stringMatching(/^\? {2}gm +NoAnswer +NeverHeard/m)]);
  expect(await show("clocks")).toEqual([0, expect.stringContaining(clockFile)]);
  expect(await show("status", "--check")).toEqual([3, expect.stringContaining("MER_AGENT_PORT_ABSENT")]);
  agent?.stop();
  expect(existsSync(socketFile)).toBe(false);
  expect((await show("status"))[0]).toBe(1);
});

test("a socket that cannot be made is a warning, and the agent runs", async () => {
  writeFileSync(join(folder, `no-folder-${round}`), "");
  await start({ socketFile: join(folder, `no-folder-${round}`, "agent.sock") });
  expect(saw("MER_AGENT_SOCKET")).toBe(true);
  const stream = await welcomed();
  stream.send(configOf(5, "r1"));
  await appliedRevision(stream, "r1");
});

test("without a socket's name there is none", async () => {
  await start({ socketFile: null });
  expect(existsSync(join(folder, `run-${round}/agent.sock`))).toBe(false);
  expect(saw("MER_AGENT_SOCKET")).toBe(false);
});

test("is alive for as long as it is told nothing", { timeout: 40_000 }, async () => {
  await start({ hubs: [] });
  await sleep(17_000); // the probe calls 15 s without a step of the engine a stall
  expect([await probe("/healthz"), await probe("/readyz")]).toEqual([200, 503]);
});

test("tells the hub which part was refused, and why", async () => {
  await start();
  const stream = await welcomed();
  stream.send({ config: { leaderEpoch: 5, revision: "r1", config: { role: "OrdinaryClock", receivers: [{ source: "gm" }] } } });
  const { parts } = await appliedRevision(stream, "r1");
  expect(parts?.[0]).toMatchObject({ part: "ptp/gm", ok: false, code: "MER_AGENT_PART_INVALID" });
});

test("a configuration survives the restart without a hub, and the next Hello names it", async () => {
  await start();
  const stream = await welcomed();
  stream.send(configOf(5, "r1"));
  await appliedRevision(stream, "r1");
  await sleep(20); // it is stored after it is applied
  agent?.stop();
  hub.kill();
  await start();
  expect(lines.some(({ msg, revision }) => msg === "running from the last configuration" && revision === "r1")).toBe(true);
  hub = await FakeHub.start(identity, hub.port);
  const next = await hub.accept();
  expect((await next.receive(({ hello }) => hello)).appliedRevision).toBe("r1");
});

test("refuses the configuration and the release of a leader older than any it has seen", async () => {
  await start();
  const stream = await welcomed(5);
  stream.send(configOf(6, "new"));
  await appliedRevision(stream, "new");
  stream.send(configOf(5, "old"));
  await until(() => saw("MER_AGENT_STALE_EPOCH"));
  stream.send({ release: { leaderEpoch: 5, reason: "old leader" } });
  await until(() => lines.filter(({ code }) => code === "MER_AGENT_STALE_EPOCH").length === 2);
  stream.send(configOf(6, "newer"));
  await appliedRevision(stream, "newer");
  expect(lines.filter(({ msg }) => msg === "configuration applied").map(({ revision }) => revision)).toEqual(["new", "newer"]);
  const refusal = { part: "config", ok: false, code: "MER_AGENT_STALE_EPOCH", message: expect.stringContaining("epoch 5 is older than 6") };
  expect((await appliedRevision(stream, "old")).parts).toMatchObject([refusal]);
});

test("the next Hello names the newest epoch that was obeyed, so that the leader can outrank it", async () => {
  await start();
  const stream = await welcomed(5);
  expect((await stream.receive(({ hello }) => hello)).newestEpoch).toBe(0);
  stream.send(configOf(7, "new"));
  await appliedRevision(stream, "new");
  stream.end();
  expect((await (await hub.accept()).receive(({ hello }) => hello)).newestEpoch).toBe(7);
});

test("an old leader cannot come back after a restart either", async () => {
  await start();
  const stream = await welcomed(9);
  stream.send(configOf(9, "new"));
  await appliedRevision(stream, "new");
  await sleep(20);
  agent?.stop();
  await start();
  (await welcomed(8)).send(configOf(8, "old"));
  await until(() => saw("MER_AGENT_STALE_EPOCH"));
});

test("a release keeps the clock's frequency, closes the ports, and is remembered", async () => {
  leaveFrequency(12_345);
  await start();
  const stream = await welcomed(5);
  stream.send(configOf(5, "r1"));
  await appliedRevision(stream, "r1");
  stream.send({ release: { leaderEpoch: 6, reason: "removed from its domain" } });
  const { parts } = await appliedRevision(stream, "");
  expect(parts?.map(({ part }) => part)).toEqual(["clock"]);
  await stream.receive(({ report }) => report?.stateReason === "NothingConfigured");
  expect(readFrequency()).toBe(12_345);
  agent?.stop();
  expect(readFrequency()).toBe(12_345);
  lines = [];
  await start();
  expect(lines.some(({ msg }) => msg === "running from the last configuration")).toBe(false);
  (await welcomed(5)).send(configOf(5, "r1"));
  await until(() => saw("MER_AGENT_STALE_EPOCH"));
});

test("says once why there is no hub, not at every attempt, and once that it is back", async () => {
  hub.kill();
  await start();
  await sleep(1500);
  const about = lines.filter((line) => line.hub !== undefined);
  expect(about.map(({ code }) => code)).toEqual(["MER_AGENT_HUB_UNREACHABLE"]);
  hub = await FakeHub.start(identity, hub.port);
  await welcomed();
  await until(() => lines.some(({ msg }) => msg === "connected to the hub"));
});

test("introduces itself anew, on a stream of its own, when it has other interfaces than it said", async () => {
  let addresses = ["10.0.0.1"];
  await start({}, () => ({ interfaces: [{ name: "eth0", addresses }] }));
  const stream = await welcomed();
  expect((await stream.receive(({ hello }) => hello)).capabilities?.interfaces?.[0]?.addresses).toEqual(["10.0.0.1"]);
  stream.send(configOf(5, "r1"));
  await appliedRevision(stream, "r1");
  expect(stream.ended).toBe(false);
  addresses = ["10.0.0.2"];
  const next = await welcomed();
  expect((await next.receive(({ hello }) => hello)).capabilities?.interfaces?.[0]?.addresses).toEqual(["10.0.0.2"]);
  await until(() => stream.ended);
  expect(lines.some(({ msg }) => msg.startsWith("no hub now"))).toBe(false);
});

test("a state directory that cannot be written is a warning, and the configuration runs", async () => {
  writeFileSync(join(folder, `blocked-${round}`), "");
  await start({ stateDirectory: join(folder, `blocked-${round}`, "state") });
  const stream = await welcomed();
  stream.send(configOf(5, "r1"));
  await appliedRevision(stream, "r1");
  await until(() => saw("MER_AGENT_STATE_UNWRITABLE"));
});

test("a page that cannot be made ends the start with its code", async () => {
  writeFileSync(join(folder, `file-${round}`), "");
  await expect(start({ pageFile: join(folder, `file-${round}`, "page") })).rejects.toMatchObject({ code: "MER_AGENT_PAGE_FAILED" });
});

test("observing reports and never asks to steer", async () => {
  await start({ mode: "observe" });
  const stream = await welcomed();
  expect((await stream.receive(({ hello }) => hello)).capabilities?.canSteer).toBe(false);
  stream.send(configOf(5, "r1"));
  const { parts } = await appliedRevision(stream, "r1");
  expect(parts?.at(-1)).toMatchObject({ part: "clock", ok: true });
});

test("a clock that can only be read is told to the hub as a part that does not run", async () => {
  await start({ clocks: new Map([["realtime", "realtime:"]]) });
  const stream = await welcomed();
  stream.send(configOf(5, "r1"));
  const { parts } = await appliedRevision(stream, "r1");
  expect(parts?.at(-1)).toMatchObject({ part: "clock", ok: false, code: "MER_AGENT_NOT_STEERABLE" });
});
