import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CloseCode, type HubMessage } from "@meridian/proto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Authority, hasOpenssl, type Identity } from "../testing/certificates.js";
import { FakeHub } from "../testing/fake-hub.js";
import { HubClient, type HubClientOptions } from "./hub-client.js";

const folder = mkdtempSync(join(tmpdir(), "meridian-hub-client-"));
const tokenFile = join(folder, "token");
let authority: Authority;
let stranger: Authority;
let identity: Identity;
let hubs: FakeHub[] = [];
let client: HubClient | null = null;
let messages: HubMessage[] = [];
let changes: string[] = [];
let reasons: string[] = [];

beforeAll(() => {
  if (!hasOpenssl) return;
  authority = new Authority(folder, "ca");
  stranger = new Authority(folder, "stranger");
  identity = authority.issue("meridian-hub");
});
beforeEach(({ skip }) => {
  skip(!hasOpenssl, "needs openssl 3");
  writeFileSync(tokenFile, "token-1\n");
  messages = [];
  changes = [];
  reasons = [];
});
afterEach(() => {
  client?.close();
  for (const hub of hubs) hub.kill();
  hubs = [];
});
afterAll(() => rmSync(folder, { recursive: true }));

async function startHub(who = identity, port = 0): Promise<FakeHub> {
  const hub = await FakeHub.start(who, port);
  hubs.push(hub);
  return hub;
}

/** With hardly any jitter upwards: the first attempt after a failure comes within 0.1 s. */
function connect(address: string, change: Partial<HubClientOptions> = {}): HubClient {
  const timing = { tokenPollMs: 50, welcomeMs: 1000, settledMs: 10_000 };
  const hello = () => ({ nodeName: "n1", protocolVersion: 1 });
  const options = { addresses: [address], caFile: authority.certificateFile, tokenFile, hello, random: () => 0, timing, ...change };
  client = new HubClient(options, {
    message: (message) => messages.push(message),
    connection: (connected, code, reason) => {
      changes.push(connected ? "connected" : code);
      reasons.push(reason);
    },
  });
  client.start();
  return client;
}

async function until(holds: () => boolean, timeoutMs = 5000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !holds(); await sleep(5))
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms; ${JSON.stringify({ changes, reasons })}`);
}

test("says Hello with its token first, and passes on what the hub says", async () => {
  const hub = await startHub();
  const agent = connect(hub.address);
  const stream = await hub.accept();
  expect(stream.token).toBe("Bearer token-1");
  expect((await stream.receive(({ hello }) => hello)).nodeName).toBe("n1");
  expect(agent.send({ report: { sequence: 1 } })).toBe(false);
  stream.welcome(3);
  stream.send({ config: { leaderEpoch: 3, revision: "r", config: { domain: "d" } } });
  await until(() => messages.length === 2);
  expect(changes).toEqual(["connected"]);
  expect(messages[1]?.config).toMatchObject({ revision: "r", config: { domain: "d" } });
  expect(agent.send({ report: { sequence: 2 } })).toBe(true);
  expect((await stream.receive(({ report }) => report)).sequence).toBe(2);
});

test("refuses a hub that another authority vouches for, and says so", async () => {
  const hub = await startHub(stranger.issue("meridian-hub"));
  connect(hub.address);
  await until(() => changes.length > 0);
  expect(changes[0]).toBe("MER_AGENT_HUB_UNTRUSTED");
  await expect(hub.accept(200)).rejects.toThrow();
});

test("refuses a server that the right authority knows under another name", async () => {
  const hub = await startHub(authority.issue("somebody-else"));
  connect(hub.address);
  await until(() => changes.length > 0);
  expect(changes[0]).toBe("MER_AGENT_HUB_UNTRUSTED");
});

test("trusts the new authority as soon as its file is there", async () => {
  const caFile = join(folder, "rotating.crt");
  writeFileSync(caFile, "");
  const hub = await startHub();
  connect(hub.address, { caFile });
  await until(() => changes.includes("MER_AGENT_HUB_CA"));
  copyFileSync(authority.certificateFile, caFile);
  (await hub.accept()).welcome();
  await until(() => changes.includes("connected"));
});

test.each([
  ["no token file", { tokenFile: join(folder, "nowhere") }, "MER_AGENT_TOKEN"],
  ["no CA file", { caFile: join(folder, "nowhere") }, "MER_AGENT_HUB_CA"],
  ["a CA file that holds something else", { caFile: tokenFile }, "MER_AGENT_HUB_CA"],
])("%s has its own code, and is tried again", async (_what, change, code) => {
  const hub = await startHub();
  connect(hub.address, change);
  await until(() => changes.length > 1);
  expect(changes.slice(0, 2)).toEqual([code, code]);
});

test.each(["", "two\nlines", "ümlaut"])("a token file that holds '%s' is no token", async (content) => {
  writeFileSync(tokenFile, content);
  connect((await startHub()).address);
  await until(() => changes.length > 0);
  expect(changes[0]).toBe("MER_AGENT_TOKEN");
});

test("a hub that is not there has its code and is found when it comes", async () => {
  const hub = await startHub();
  hub.kill();
  connect(hub.address);
  await until(() => changes.length > 0);
  expect(changes[0]).toBe("MER_AGENT_HUB_UNREACHABLE");
  const later = await startHub(identity, hub.port);
  (await later.accept()).welcome();
  await until(() => changes.at(-1) === "connected");
});

test("gives up a server that accepts and says nothing", async () => {
  const silent: Server = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  connect(`127.0.0.1:${port}`, { timing: { tokenPollMs: 50, welcomeMs: 200, settledMs: 10_000 } });
  await until(() => changes.length > 0);
  expect(changes[0]).toBe("MER_AGENT_HUB_UNREACHABLE");
  expect(reasons[0]).toContain("0.2 s");
  client?.close();
  silent.close();
});

test("gives up a hub that takes the stream and never answers Hello", async () => {
  const hub = await startHub();
  connect(hub.address, { timing: { tokenPollMs: 50, welcomeMs: 200, settledMs: 10_000 } });
  const stream = await hub.accept();
  await until(() => changes.length > 0);
  expect(changes[0]).toBe("MER_AGENT_HUB_UNREACHABLE");
  await until(() => stream.ended);
});

test("follows a redirect, and asks the first address again when the leader is gone", async () => {
  const service = await startHub();
  const leader = await startHub();
  connect(service.address);
  (await service.accept()).send({ redirect: { endpoint: leader.address } });
  const stream = await leader.accept();
  stream.welcome();
  await until(() => changes.includes("connected"));
  expect(changes[0]).toBe("MER_AGENT_HUB_REDIRECTED");
  leader.kill();
  (await service.accept()).welcome();
});

test("says where a redirect led to nothing, so that it is not sent there again", async () => {
  const service = await startHub();
  connect(service.address);
  (await service.accept()).send({ redirect: { endpoint: "127.0.0.1:1" } });
  const again = await service.accept();
  expect(await again.receive(({ hello }) => hello?.unreachableEndpoint)).toBe("127.0.0.1:1");
  again.welcome();
  await until(() => changes.includes("connected"));
  again.end();
  const later = await service.accept();
  expect((await later.receive(({ hello }) => hello)).unreachableEndpoint).toBe("");
});

test("stays with a replica that says so, for longer than it would wait for a silent one", async () => {
  const hub = await startHub();
  connect(hub.address, { timing: { tokenPollMs: 50, welcomeMs: 300, settledMs: 10_000 } });
  const stream = await hub.accept();
  for (let times = 0; times < 6; times += 1) {
    stream.send({ standby: {} });
    await sleep(100);
  }
  expect(changes).toEqual([]);
  stream.welcome();
  await until(() => changes.includes("connected"));
  expect(changes).toEqual(["connected"]);
});

test("does not go round in circles between replicas that send it to each other", async () => {
  const first = await startHub();
  const second = await startHub();
  connect(first.address);
  (await first.accept()).send({ redirect: { endpoint: second.address } });
  (await second.accept()).send({ redirect: { endpoint: first.address } });
  const back = await first.accept();
  expect(await back.receive(({ hello }) => hello?.unreachableEndpoint)).toBe(second.address);
});

test("tries its addresses in turn until one answers", async () => {
  const hub = await startHub();
  connect("", { addresses: ["127.0.0.1:1", "127.0.0.1:2", hub.address] });
  (await hub.accept()).welcome();
  await until(() => changes.includes("connected"));
  expect(changes).toEqual(["MER_AGENT_HUB_UNREACHABLE", "MER_AGENT_HUB_UNREACHABLE", "connected"]);
});

test("leaves the field to another process of the same identity instead of fighting with it", async () => {
  const hub = await startHub();
  connect(hub.address);
  (await hub.accept()).send({ close: { code: CloseCode.CLOSE_SUPERSEDED, reason: "a newer stream" } });
  await expect(hub.accept(1500)).rejects.toThrow("no agent came");
});

test.each(["not an address", "127.0.0.1:1", "unix:/run/somewhere", "host:0", "host:65536"])(
  "comes back from a redirect to '%s'",
  async (endpoint) => {
    const hub = await startHub();
    connect(hub.address);
    (await hub.accept()).send({ redirect: { endpoint } });
    (await hub.accept()).welcome();
    await until(() => changes.includes("connected"));
  },
);

test("comes back with a fresh Hello and a fresh token after the hub died in the middle of a stream", async () => {
  const hub = await startHub();
  connect(hub.address);
  (await hub.accept()).welcome();
  await until(() => changes.includes("connected"));
  writeFileSync(tokenFile, "token-2");
  hub.kill();
  const next = await startHub(identity, hub.port);
  const stream = await next.accept();
  expect(stream.token).toBe("Bearer token-2");
  await stream.receive(({ hello }) => hello);
  stream.welcome();
  await until(() => changes.at(-1) === "connected");
  expect(changes.slice(0, 2)).toEqual(["connected", "MER_AGENT_HUB_LOST"]);
});

test("comes back when the hub ends the stream without a word", async () => {
  const hub = await startHub();
  connect(hub.address);
  const stream = await hub.accept();
  stream.welcome();
  stream.end();
  await hub.accept();
  expect(changes).toEqual(["connected", "MER_AGENT_HUB_LOST"]);
});

test("repeats the hub's own word for why it closed the stream, and does not wait for its end", async () => {
  const hub = await startHub();
  connect(hub.address);
  const stream = await hub.accept();
  stream.send({ close: { code: CloseCode.CLOSE_UNAUTHENTICATED, reason: "token expired" } });
  await until(() => changes.length > 0);
  expect([changes[0], reasons[0]]).toEqual(["CLOSE_UNAUTHENTICATED", "token expired"]);
  await hub.accept();
});

test.each([
  ["octets that are no message", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ["a message larger than any", Buffer.alloc(300 * 1024, 0x0a)],
])("survives %s and comes back", async (_what, garbage) => {
  const hub = await startHub();
  connect(hub.address);
  const stream = await hub.accept();
  stream.welcome();
  stream.send(garbage);
  await until(() => changes.includes("MER_AGENT_HUB_LOST"));
  (await hub.accept()).welcome();
  await until(() => changes.at(-1) === "connected");
});

test("passes over a message of a newer hub", async () => {
  const hub = await startHub();
  connect(hub.address);
  const stream = await hub.accept();
  stream.welcome();
  stream.send(Buffer.from([0xfa, 0x07, 0x01, 0x00])); // field 127
  stream.send({ release: { leaderEpoch: 1 } });
  await until(() => messages.some(({ release }) => release));
  expect(changes).toEqual(["connected"]);
});

test("waits longer each time when the hub welcomes and then fails, so that a broken hub is not stormed", async () => {
  const hub = await startHub();
  const delays: number[] = [];
  connect(hub.address, { random: () => (delays.push(Date.now()), 0) });
  for (let round = 0; round < 4; round += 1) {
    const stream = await hub.accept();
    stream.welcome();
    stream.end();
  }
  await until(() => delays.length === 4);
  const last = await hub.accept();
  // Full jitter at its least: 50, 100, 200, 400 ms.
  expect(Date.now() - (delays[3] ?? 0)).toBeGreaterThan(350);
  last.welcome();
});

test("comes back at once with a new Hello when it is asked to, and calls that no loss", async () => {
  const hub = await startHub();
  let version = 0;
  // As long a wait as there is: a reconnection with back-off would come after 0.5 s or more.
  const agent = connect(hub.address, { random: () => 1, hello: () => ({ agentVersion: String((version += 1)) }) });
  agent.renew(); // nothing stands yet
  const first = await hub.accept();
  first.welcome();
  await until(() => agent.connected);
  agent.renew();
  const asked = performance.now();
  const second = await hub.accept();
  expect(performance.now() - asked).toBeLessThan(400);
  expect((await second.receive(({ hello }) => hello)).agentVersion).toBe("2");
  await until(() => first.ended);
  second.welcome();
  await until(() => agent.connected);
  expect(changes).toEqual(["connected", "connected"]);
});

test("sends a new token on the same stream when its file changes, once", async () => {
  const hub = await startHub();
  connect(hub.address);
  const stream = await hub.accept();
  stream.welcome();
  await until(() => changes.includes("connected"));
  await sleep(150);
  expect(stream.received.filter(({ reauthenticate }) => reauthenticate)).toEqual([]);
  writeFileSync(join(folder, "token.new"), "token-2\n");
  renameSync(join(folder, "token.new"), tokenFile);
  expect((await stream.receive(({ reauthenticate }) => reauthenticate)).token).toBe("token-2");
  await sleep(150);
  expect(stream.received.filter(({ reauthenticate }) => reauthenticate)).toHaveLength(1);
});

test("keeps the stream while the token file is away for a moment", async () => {
  const hub = await startHub();
  connect(hub.address);
  const stream = await hub.accept();
  stream.welcome();
  await until(() => changes.includes("connected"));
  rmSync(tokenFile);
  await sleep(150);
  writeFileSync(tokenFile, "token-3");
  expect((await stream.receive(({ reauthenticate }) => reauthenticate)).token).toBe("token-3");
  expect(changes).toEqual(["connected"]);
});

test("a closed client ends its stream and never comes back", async () => {
  const hub = await startHub();
  const agent = connect(hub.address);
  const stream = await hub.accept();
  stream.welcome();
  await until(() => agent.connected);
  agent.close();
  await until(() => stream.ended);
  await expect(hub.accept(700)).rejects.toThrow();
});
