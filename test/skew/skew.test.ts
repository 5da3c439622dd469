/**
 * Operator and agents may differ by one minor version. What an agent of an earlier release said, octet by octet, is said to
 * today's hub; what the hub answers is read with that release's schema. A new release adds its recording (record-agent.ts) and
 * its proto file here, and drops those that are more than one minor version old.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { Fleet, HubLeadership, makeHubCertificates, startHubServer, FakeLeadership } from "@meridian/operator/testing";
import { hub, hubService } from "@meridian/proto";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../lab/repository.js";

interface Recording {
  readonly version: string;
  /** Serialized AgentMessages in order, base64. */
  readonly frames: readonly string[];
}

const folder = join(repositoryRoot(), "test/skew");
const versions = readdirSync(folder).flatMap((file) => /^agent-(.*)\.json$/.exec(file)?.[1] ?? []);
const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

async function aHub() {
  const { authority, ...keys } = await makeHubCertificates();
  const fleet = new Fleet(() => performance.now());
  const lease = new FakeLeadership();
  lease.lead(5);
  const server = await startHubServer({
    address: "127.0.0.1:0",
    certificates: { authority, ...keys },
    authenticator: { authenticate: () => Promise.resolve({ kind: "agent", node: "n1", lifeMs: 3_600_000 }) },
    fleet,
    leadership: new HubLeadership(
      lease,
      () => null,
      log,
      () => performance.now(),
    ),
    reportIntervalMs: 10_000,
    log,
    now: () => performance.now(),
    closed: nothing,
    rejected: nothing,
  });
  const client = new Client(`127.0.0.1:${String(server.port)}`, credentials.createSsl(Buffer.from(authority)), {
    "grpc.ssl_target_name_override": "meridian-hub",
  });
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer token");
  const same = (bytes: Buffer) => bytes;
  const stream = client.makeBidiStreamRequest(hubService.connect.path, same, same, metadata);
  const received: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => received.push(bytes));
  stream.on("error", nothing);
  return {
    fleet,
    lease,
    received,
    say: (bytes: Uint8Array) => stream.write(Buffer.from(bytes)),
    stop: async () => {
      stream.cancel();
      client.close();
      await server.close();
    },
  };
}

describe.each(versions)("an agent of release %s", (version) => {
  const { frames } = JSON.parse(readFileSync(join(folder, `agent-${version}.json`), "utf8")) as Recording;
  const schema = protobuf.parse(readFileSync(join(folder, `hub-${version}.proto`), "utf8"), { keepCase: false }).root;
  const read = (bytes: Buffer) => {
    const type = schema.lookupType("meridian.hub.v1.HubMessage");
    return type.toObject(type.decode(bytes), { enums: String, longs: Number, defaults: true, oneofs: true }) as Record<string, object>;
  };

  it("is understood by today's hub", async () => {
    const { fleet, received, say, stop } = await aHub();
    try {
      const [hello = "", ...others] = frames;
      const told: (string | undefined)[] = [];
      fleet.subscribe((node, change) => {
        if (change === "applied") told.push(fleet.get(node)?.applied?.revision);
        if (change === "report") told.push(fleet.get(node)?.report?.state);
      });
      say(Buffer.from(hello, "base64"));
      await eventually(() => received.length > 0);
      for (const frame of others) say(Buffer.from(frame, "base64"));
      await eventually(() => fleet.get("n1")?.report?.reason === "NothingConfigured");
      expect(told.slice(0, 3)).toEqual(["recorded", "Unknown", "FreeRunning"]);
      expect(told).toContain("");
      expect(fleet.get("n1")?.capabilities.devices).toContainEqual(expect.objectContaining({ name: "system", type: "Virtual" }));
      expect(received.map(read)).toEqual([expect.objectContaining({ message: "welcome" })]);
      expect(fleet.get("n1")?.stream).not.toBeNull();
    } finally {
      await stop();
    }
  });

  it("understands what today's hub orders and says", async () => {
    const { fleet, lease, received, say, stop } = await aHub();
    try {
      say(Buffer.from(frames[0] ?? "", "base64"));
      await eventually(() => fleet.get("n1")?.stream != null);
      const config = {
        domain: "plant",
        role: "OrdinaryClock",
        objective: { maxErrorNanoseconds: 1000, bound: "Calibrated", minimumIndependentSources: 1 },
        receivers: [
          { source: "roof", timing: { domainNumber: 7, interface: "eth0", log2SyncInterval: -4 }, use: "Primary", priority: 100 },
        ],
      };
      fleet.get("n1")?.stream?.order({ kind: "config", revision: "r1", config });
      await eventually(() => received.length === 2);
      lease.leave("10.0.0.2:9463");
      await eventually(() => received.length === 3);
      const [welcome, ordered, redirect] = received.map(read);
      expect(welcome).toMatchObject({ message: "welcome", welcome: { leaderEpoch: 5, reportIntervalMilliseconds: 10_000 } });
      expect(ordered).toMatchObject({ message: "config", config: { leaderEpoch: 5, revision: "r1", config } });
      expect(redirect).toMatchObject({ message: "redirect", redirect: { endpoint: "10.0.0.2:9463" } });
    } finally {
      await stop();
    }
  });

  it("is only told less, never something else, where today's hub has new words", () => {
    const bytes = Buffer.from(hub.HubMessage.encode({ standby: {} }).finish());
    expect(read(bytes)["message"]).toBeUndefined();
  });
});

describe("an agent of the next release", () => {
  it("may say more than today's hub knows", async () => {
    const { fleet, say, stop } = await aHub();
    try {
      const unknownField = Buffer.from([0xfa, 0x3e, 0x03, 1, 2, 3]); // field 1007, three octets
      const hello = hub.Hello.encode({ protocolVersion: 2, nodeName: "n1" }).finish();
      const inner = Buffer.concat([hello, unknownField]);
      say(Buffer.concat([Buffer.from([0x0a, inner.length]), inner, unknownField]));
      await eventually(() => fleet.get("n1")?.stream != null);
      say(unknownField); // a message of a kind that does not exist yet
      say(hub.AgentMessage.encode({ report: { sequence: 1, state: "Levitating" } }).finish());
      await eventually(() => fleet.get("n1")?.report?.state === "Levitating");
    } finally {
      await stop();
    }
  });
});

async function eventually(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !holds(); ) {
    if (Date.now() > end) throw new Error("did not happen within 10 s");
    await sleep(10);
  }
}
