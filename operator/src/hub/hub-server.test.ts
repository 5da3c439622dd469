import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CloseCode, hubService, maxMessageBytes } from "@meridian/proto";
import { MemoryClient } from "../testing/memory-client.js";
import { TestAgent } from "../testing/test-agent.js";
import type { Authentication } from "./authenticate.js";
import { type HubCertificates, hubServerName, makeHubCertificates } from "./certificates.js";
import { Fleet } from "./fleet.js";
import { type HubServer, startHubServer } from "./hub-server.js";
import { LeaderEpoch } from "./leader-epoch.js";

/** Tokens of these tests: the node they are bound to, or why they are refused. */
const tokens: Record<string, Authentication> = {
  "token-a": { kind: "agent", node: "a", lifeMs: 3_600_000 },
  "token-a2": { kind: "agent", node: "a", lifeMs: 3_600_000 },
  "token-b": { kind: "agent", node: "b", lifeMs: 3_600_000 },
  "token-review": { kind: "unavailable", reason: "no route" },
};
const refusal = { kind: "refused", reason: "the token is not valid" } as const;
/** Its stream has this long to live, ms. */
const lateMs = 3000;
const lateToken = (): Authentication => ({ kind: "agent", node: "a", lifeMs: lateMs - 60_000 });
const config = { kind: "config", revision: "r1", config: { domain: "plant" } } as const;

describe("the hub", () => {
  let certificates: HubCertificates;
  let server: HubServer;
  let fleet: Fleet;
  let epoch: LeaderEpoch;
  const agents: TestAgent[] = [];
  const logged: object[] = [];
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (fields: object) => void logged.push(fields) };

  beforeEach(async () => {
    certificates = await makeHubCertificates();
    fleet = new Fleet(() => performance.now());
    const memory = new MemoryClient();
    for (let epochs = 0; epochs < 7; epochs += 1) epoch = await LeaderEpoch.claim(memory.client, "ns", "op", log, () => new Date());
    logged.length = 0;
    server = await startHubServer({
      address: "127.0.0.1:0",
      certificates,
      authenticator: {
        authenticate: (token) => Promise.resolve(token === "token-late" ? lateToken() : (tokens[token] ?? refusal)),
      },
      fleet,
      epoch,
      reportIntervalMs: 10_000,
      log,
      closed: () => undefined,
    });
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.leave();
    await server.close();
  });
  const connect = (token: string | null, hello: object | null = { nodeName: "a" }): TestAgent => {
    const agent = TestAgent.connect({ address: `127.0.0.1:${String(server.port)}`, authority: certificates.authority, token, hello });
    agents.push(agent);
    return agent;
  };

  it("greets an agent with its epoch and learns what the node can do", async () => {
    const capabilities = {
      interfaces: [{ name: "eth0", addresses: ["10.0.0.1"], timestamping: "Software", phcIndex: -1 }],
      clocks: [],
      canSteer: true,
    };
    const agent = connect("token-a", { nodeName: "a", capabilities });
    await agent.until(({ welcome }) => welcome?.leaderEpoch === 7 && welcome.reportIntervalMilliseconds === 10_000);
    expect(fleet.get("a")?.capabilities.interfaces).toEqual([
      { name: "eth0", addresses: ["10.0.0.1"], timestamping: "Software", phc: null },
    ]);
  });

  it.each([
    ["no token", null, { nodeName: "a" }, CloseCode.CLOSE_UNAUTHENTICATED, "MER_HUB_UNAUTHENTICATED"],
    ["a token that is not valid", "nonsense", { nodeName: "a" }, CloseCode.CLOSE_UNAUTHENTICATED, "MER_HUB_UNAUTHENTICATED"],
    ["a token of another node", "token-b", { nodeName: "a" }, CloseCode.CLOSE_WRONG_NODE, "MER_HUB_WRONG_NODE"],
    ["a token that nobody can review now", "token-review", { nodeName: "a" }, CloseCode.CLOSE_UNSPECIFIED, "MER_HUB_REVIEW_FAILED"],
    ["another version of the protocol", "token-a", { nodeName: "a", protocolVersion: 9 }, CloseCode.CLOSE_PROTOCOL, "MER_HUB_PROTOCOL"],
  ])("refuses an agent with %s, says why, and logs it", async (_what, token, hello, code, logCode) => {
    const agent = connect(token, hello);
    expect((await agent.closed).code).toBe(code);
    expect(logged).toContainEqual(expect.objectContaining({ code: logCode }));
    expect(fleet.connected).toBe(0);
    expect(JSON.stringify(logged)).not.toContain("token-");
  });

  it("refuses a stream that does not begin with Hello", async () => {
    const agent = connect("token-a", null);
    agent.send({ report: { sequence: 1, state: "PhaseAligned" } });
    expect((await agent.closed).code).toBe(CloseCode.CLOSE_PROTOCOL);
    expect(fleet.get("a")).toBeUndefined();
  });

  it("keeps the newest stream of a node and closes the older", async () => {
    const older = connect("token-a");
    await older.until(({ welcome }) => welcome != null);
    const newer = connect("token-a");
    expect((await older.closed).code).toBe(CloseCode.CLOSE_SUPERSEDED);
    await newer.until(({ welcome }) => welcome != null);
    newer.send({ report: { sequence: 1, state: "Holdover" } });
    await eventually(() => fleet.get("a")?.report?.state === "Holdover");
    expect(fleet.connected).toBe(1);
  });

  it("sends orders once, and not at all what the agent runs already", async () => {
    const agent = connect("token-a", { nodeName: "a", appliedRevision: "r1" });
    await agent.until(({ welcome }) => welcome != null);
    const stream = fleet.get("a")?.stream;
    stream?.order(config);
    stream?.order({ ...config, revision: "r2" });
    stream?.order({ ...config, revision: "r2" });
    stream?.order({ kind: "release", reason: "NoDomain" });
    stream?.order({ kind: "release", reason: "NoDomain" });
    stream?.order({ ...config, revision: "r2" });
    await agent.until(() => agent.received.length >= 4);
    expect(agent.received.slice(1).map((message) => message.config?.revision ?? message.release?.reason)).toEqual(["r2", "NoDomain", "r2"]);
    expect(agent.received.every(({ config: sent }) => sent == null || sent.leaderEpoch === 7)).toBe(true);
  });

  it("raises its epoch above what an agent has obeyed, so that nobody is locked out by a lost Lease", async () => {
    const agent = connect("token-a", { nodeName: "a", newestEpoch: 41 });
    await agent.until(({ welcome }) => welcome?.leaderEpoch === 41);
    fleet.get("a")?.stream?.order(config);
    await agent.until(({ config: sent }) => sent?.leaderEpoch === 41);
    const liar = connect("token-b", { nodeName: "b", newestEpoch: 9_000_000_000 });
    await liar.until(({ welcome }) => welcome?.leaderEpoch === 41);
  });

  it("forgets what an earlier process of the node said of its clock, and keeps it over a broken stream", async () => {
    const first = connect("token-a", { nodeName: "a", instanceId: "one" });
    await first.until(({ welcome }) => welcome != null);
    first.send({ report: { sequence: 1, state: "PhaseAligned" } });
    await eventually(() => fleet.get("a")?.report?.state === "PhaseAligned");
    const again = connect("token-a", { nodeName: "a", instanceId: "one" });
    await again.until(({ welcome }) => welcome != null);
    expect(fleet.get("a")?.report?.state).toBe("PhaseAligned");
    const other = connect("token-a", { nodeName: "a", instanceId: "two" });
    await other.until(({ welcome }) => welcome != null);
    expect(fleet.get("a")?.report).toBeNull();
    expect(fleet.connected).toBe(1);
  });

  it("closes an agent that reads nothing instead of keeping everything for it", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    agent.pause();
    const domain = "x".repeat(60_000);
    for (let revision = 0; revision < 2000 && fleet.get("a")?.stream; revision += 1) {
      fleet.get("a")?.stream?.order({ kind: "config", revision: `r${String(revision)}`, config: { domain } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(fleet.get("a")?.stream).toBeNull();
  });

  it("releases nobody who was never told anything", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    fleet.get("a")?.stream?.order({ kind: "release", reason: "NoDomain" });
    fleet.get("a")?.stream?.order(config);
    await agent.until(({ config: sent }) => sent != null);
    expect(agent.received.some(({ release }) => release != null)).toBe(false);
  });

  it("ignores reports that come twice or out of order", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    agent.send({ report: { sequence: 2, state: "PhaseAligned" } });
    agent.send({ report: { sequence: 1, state: "Acquiring" } });
    agent.send({ report: { sequence: 2, state: "Holdover" } });
    agent.send({ applied: { revision: "r1", parts: [] } });
    await eventually(() => fleet.get("a")?.applied?.revision === "r1");
    expect(fleet.get("a")?.report?.state).toBe("PhaseAligned");
  });

  it("closes a stream a minute after its token expired, unless it got a new one", async () => {
    const late = connect("token-late");
    expect((await late.closed).code).toBe(CloseCode.CLOSE_TOKEN_EXPIRED);
    const renewed = connect("token-late");
    await renewed.until(({ welcome }) => welcome != null);
    renewed.send({ reauthenticate: { token: "token-a2" } });
    await new Promise((resolve) => setTimeout(resolve, lateMs + 1000));
    expect(fleet.get("a")?.stream).not.toBeNull();
    renewed.send({ reauthenticate: { token: "token-b" } });
    expect((await renewed.closed).code).toBe(CloseCode.CLOSE_WRONG_NODE);
  });

  it("survives a message beyond the limit: that stream ends, the others go on", async () => {
    const other = connect("token-b", { nodeName: "b" });
    await other.until(({ welcome }) => welcome != null);
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    agent.send({ report: { sequence: 1, state: "x".repeat(maxMessageBytes + 1) } });
    await eventually(() => fleet.get("a")?.stream === null);
    other.send({ report: { sequence: 1, state: "PhaseAligned" } });
    await eventually(() => fleet.get("b")?.report?.state === "PhaseAligned");
  });

  it("refuses plain gRPC with a code", async () => {
    const client = new Client(`127.0.0.1:${String(server.port)}`, credentials.createInsecure(), { "grpc.enable_retries": 0 });
    const { path, requestSerialize, responseDeserialize } = hubService.connect;
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
    const code = await new Promise<number>((resolve) => stream.on("error", (error: ServiceError) => resolve(error.code)));
    expect(code).toBe(status.UNAVAILABLE);
    client.close();
  });

  it("survives plain TCP, and speaks no TLS before 1.3", async () => {
    const plain = connectPlain(server.port, "127.0.0.1");
    plain.on("error", () => undefined);
    plain.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    await new Promise((resolve) => plain.once("close", resolve));
    const refusal = await new Promise<string>((resolve) => {
      const socket = connectTls({
        port: server.port,
        host: "127.0.0.1",
        ca: certificates.authority,
        servername: hubServerName,
        maxVersion: "TLSv1.2",
        minVersion: "TLSv1.2",
      });
      socket.once("error", (error) => resolve(error.message));
      socket.once("secureConnect", () => resolve("connected"));
    });
    expect(refusal).toMatch(/protocol version/i);
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
  });

  it("tells its agents when it goes", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    await server.close();
    expect((await agent.closed).code).toBe(CloseCode.CLOSE_SHUTTING_DOWN);
    expect(fleet.connected).toBe(0);
  });
});

async function eventually(holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error("did not happen within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
