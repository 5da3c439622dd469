import { connect as connectHttp2 } from "node:http2";
import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CloseCode, hubService, maxMessageBytes } from "@meridian/proto";
import { FakeLeadership } from "../testing/fake-leadership.js";
import { TestAgent } from "../testing/test-agent.js";
import type { Authentication } from "./authenticate.js";
import { type HubCertificates, hubServerName, makeHubCertificates } from "./certificates.js";
import { Fleet } from "./fleet.js";
import { type HubServer, startHubServer } from "./hub-server.js";
import { HubLeadership } from "./hub-leadership.js";
import { usualSessionTiming } from "./session.js";

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
  let leadership: FakeLeadership;
  let rejections: string[];
  const agents: TestAgent[] = [];
  const logged: object[] = [];
  const log = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (fields: object) => void logged.push(fields) };

  beforeEach(async () => {
    certificates = await makeHubCertificates();
    fleet = new Fleet(() => performance.now());
    leadership = new FakeLeadership();
    leadership.lead(7);
    logged.length = 0;
    rejections = [];
    server = await startHubServer({
      address: "127.0.0.1:0",
      certificates,
      authenticator: {
        authenticate: (token) => Promise.resolve(token === "token-late" ? lateToken() : (tokens[token] ?? refusal)),
      },
      fleet,
      leadership: new HubLeadership(
        leadership,
        () => "127.0.0.1:1",
        log,
        () => performance.now(),
      ),
      reportIntervalMs: 10_000,
      log,
      now: () => performance.now(),
      closed: () => undefined,
      rejected: (why) => void rejections.push(why),
      limits: { mostStrangers: 8, strangerMs: 1500, mostPerNode: 2 },
      timing: { ...usualSessionTiming, slowMs: 700, standbyMs: 50, leaderlessMs: 1000 },
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
    ["a token that nobody can review now", "token-review", { nodeName: "a" }, CloseCode.CLOSE_UNAVAILABLE, "MER_HUB_REVIEW_FAILED"],
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
    for (const orders of [{ ...config, revision: "r2" }, { kind: "release", reason: "NoDomain" } as const, { ...config, revision: "r2" }]) {
      const { length } = agent.received;
      stream?.order(orders);
      stream?.order(orders);
      await agent.until(() => agent.received.length > length);
    }
    expect(agent.received.slice(1).map((message) => message.config?.revision ?? message.release?.reason)).toEqual(["r2", "NoDomain", "r2"]);
    expect(agent.received.every(({ config: sent }) => sent == null || sent.leaderEpoch === 7)).toBe(true);
  });

  it("raises its epoch above what an agent has obeyed, so that nobody is locked out by a lost Lease", async () => {
    const agent = connect("token-a", { nodeName: "a", newestEpoch: 41 });
    await agent.until(({ welcome }) => welcome?.leaderEpoch === 41);
    fleet.get("a")?.stream?.order(config);
    await agent.until(({ config: sent }) => sent?.leaderEpoch === 41);
    const liar = connect("token-b", { nodeName: "b", newestEpoch: 9_000_000_000 });
    expect((await liar.closed).code).toBe(CloseCode.CLOSE_NOT_LEADER);
    expect(leadership.term?.epoch).toBe(41);
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
    const domain = "x".repeat(200_000);
    let revision = 0;
    await eventually(() => {
      revision += 1;
      fleet.get("a")?.stream?.order({ kind: "config", revision: `r${String(revision)}`, config: { domain } });
      return fleet.get("a")?.stream === null;
    });
  });

  it("sends the newest orders only to an agent that comes back to reading", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    const domain = "x".repeat(200_000);
    for (let revision = 0; revision < 50; revision += 1)
      fleet.get("a")?.stream?.order({ kind: "config", revision: `r${String(revision)}`, config: { domain } });
    await agent.until(({ config: sent }) => sent?.revision === "r49");
    expect(agent.received.filter(({ config: sent }) => sent != null).length).toBeLessThan(10);
  });

  it("reads a loud agent more slowly, and loses nothing of what it says", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    for (let sequence = 1; sequence <= 70; sequence += 1) agent.send({ report: { sequence, state: `State${String(sequence)}` } });
    await eventually(() => (fleet.get("a")?.report?.sequence ?? 0) >= 40);
    expect(fleet.get("a")?.report?.sequence).toBeLessThan(70);
    await eventually(() => fleet.get("a")?.report?.state === "State70");
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

  it("sends agents to the replica that leads, and orders nothing itself", async () => {
    const agent = connect("token-a", { nodeName: "a", appliedRevision: "r0" });
    await agent.until(({ welcome }) => welcome != null);
    const stream = fleet.get("a")?.stream;
    leadership.leave("10.0.0.2:9463");
    stream?.order(config);
    await agent.until(({ redirect }) => redirect?.endpoint === "10.0.0.2:9463");
    await agent.closed;
    expect(agent.received.some(({ config: sent }) => sent != null)).toBe(false);
    const next = connect("token-a");
    await next.until(({ redirect }) => redirect?.endpoint === "10.0.0.2:9463");
    expect(fleet.connected).toBe(0);
  });

  it("keeps an agent whose leader does not answer, and greets it at the moment of taking over", async () => {
    leadership.leave("10.0.0.2:9463");
    const agent = connect("token-a", { nodeName: "a", unreachableEndpoint: "10.0.0.2:9463" });
    await agent.until(({ standby }) => standby != null);
    expect(fleet.connected).toBe(0);
    leadership.lead(8);
    await agent.until(({ welcome }) => welcome?.leaderEpoch === 8);
    expect(fleet.connected).toBe(1);
  });

  it("does not keep an agent for ever without a leader", async () => {
    leadership.lead(null);
    const agent = connect("token-a");
    expect((await agent.closed).code).toBe(CloseCode.CLOSE_NOT_LEADER);
    expect(agent.received.filter(({ standby }) => standby != null).length).toBeGreaterThan(2);
  });

  it("goes on with its agents when it lost the lease and nobody else took it", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    leadership.lead(null);
    fleet.get("a")?.stream?.order(config);
    agent.send({ report: { sequence: 1, state: "Holdover" } });
    await eventually(() => fleet.get("a")?.report?.state === "Holdover");
    leadership.lead(7);
    fleet.get("a")?.stream?.order(config);
    await agent.until(({ config: sent }) => sent?.leaderEpoch === 7);
    expect(agent.received.filter(({ welcome }) => welcome != null)).toHaveLength(1);
  });

  it("sends an agent away that has obeyed a newer leader than this one can be", async () => {
    leadership.raises = false;
    const agent = connect("token-a", { nodeName: "a", newestEpoch: 9 });
    expect((await agent.closed).code).toBe(CloseCode.CLOSE_NOT_LEADER);
  });

  it("serves with another key at once, and streams go on", async () => {
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    const replacement = await makeHubCertificates();
    server.replaceCertificates(replacement);
    const stranger = connect("token-b", { nodeName: "b" });
    expect((await stranger.closed).reason).toMatch(/certificate|signature/i);
    certificates = replacement;
    const newer = connect("token-b", { nodeName: "b" });
    await newer.until(({ welcome }) => welcome != null);
    fleet.get("a")?.stream?.order(config);
    await agent.until(({ config: sent }) => sent != null);
  });

  it("lets strangers cost little: few at once, none for long, and agents come in all the same", async () => {
    const strangers = Array.from({ length: 20 }, () => connectPlain(server.port, "127.0.0.1"));
    const gone = strangers.map(
      (socket) => new Promise<void>((resolve) => socket.on("error", () => undefined).once("close", () => resolve())),
    );
    await eventually(() => rejections.filter((why) => why === "crowded").length === 12);
    const agent = connect("token-a");
    await agent.until(({ welcome }) => welcome != null);
    await Promise.all(gone);
    expect(rejections.filter((why) => why === "silent").length).toBeGreaterThanOrEqual(7);
    expect(logged.filter((line) => "code" in line && line.code === "MER_HUB_CROWDED")).toHaveLength(1);
  });

  it("makes room at the cost of the address that crowds the door", async () => {
    const lone = connectPlain({ port: server.port, host: "127.0.0.1", localAddress: "127.0.0.2" });
    let isGone = false;
    lone.on("error", () => undefined).once("close", () => (isGone = true));
    await new Promise((resolve) => lone.once("connect", resolve));
    const crowd = Array.from({ length: 30 }, () => connectPlain(server.port, "127.0.0.1").on("error", () => undefined));
    await eventually(() => rejections.filter((why) => why === "crowded").length >= 20);
    expect(isGone).toBe(false);
    for (const socket of [lone, ...crowd]) socket.destroy();
  });

  it("does not let a stranger stay longer by trying again and again on one connection", async () => {
    const session = connectHttp2(`https://127.0.0.1:${String(server.port)}`, { ca: certificates.authority, servername: hubServerName });
    session.on("error", () => undefined);
    const headers = { ":method": "POST", ":path": hubService.connect.path, "content-type": "application/grpc", te: "trailers" };
    for (const end = Date.now() + 8000; !session.destroyed && Date.now() < end; ) {
      if (!session.closed)
        session
          .request(headers)
          .on("error", () => undefined)
          .resume()
          .end();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(session.destroyed).toBe(true);
  });

  it("ends the oldest connection of a node that opens more than it needs", async () => {
    const held = Array.from({ length: 4 }, () => connect("token-a", null));
    await eventually(() => rejections.filter((why) => why === "crowded").length === 2);
    await held[0]?.closed;
  });

  it("is patient with an agent that introduces itself again and again, up to a point", async () => {
    const closes: (CloseCode | undefined)[] = [];
    for (let times = 0; times < 12; times += 1) closes.push((await connectAndLeave()).code);
    expect(closes.filter((code) => code === CloseCode.CLOSE_UNAVAILABLE).length).toBeGreaterThanOrEqual(1);
    const other = connect("token-b", { nodeName: "b" });
    await other.until(({ welcome }) => welcome != null);
  });

  /** @returns the hub's Close, if that was its answer to Hello */
  async function connectAndLeave(): Promise<{ code?: CloseCode }> {
    const agent = connect("token-a");
    const { close } = await agent.until((message) => message.welcome != null || message.close != null);
    agent.leave();
    return close?.code == null ? {} : { code: close.code };
  }

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
