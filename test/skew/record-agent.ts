/**
 * Records what an agent of this release says to a hub, for the tests of later releases: `node test/dist/skew/record-agent.js
 * BUNDLE VERSION > test/skew/agent-VERSION.json`. Run it once per release, before the next minor version begins.
 */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { createVirtualClock } from "@meridian/native";
import { makeHubCertificates } from "@meridian/operator/testing";
import { type HubMessage, hubService } from "@meridian/proto";
import { startAgent } from "../lab/agent-process.js";

const [bundle = "", version = ""] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "meridian-record-"));
const frames: string[] = [];
const { connect } = hubService;
const server = new Server();
const { authority, certificate, key } = await makeHubCertificates();
const authorityFile = join(directory, "ca.crt");
writeFileSync(authorityFile, authority);
const config: HubMessage = {
  config: {
    leaderEpoch: 3,
    revision: "recorded",
    config: {
      domain: "plant",
      role: "OrdinaryClock",
      objective: { maxErrorNanoseconds: 100_000, bound: "Calibrated", minimumIndependentSources: 1 },
      receivers: [
        {
          source: "roof",
          timing: {
            domainNumber: 7,
            interface: "lo",
            log2SyncInterval: -4,
            log2AnnounceInterval: 0,
            log2DelayRequestInterval: -4,
            announceReceiptTimeout: 3,
            dscp: 46,
          },
          use: "Primary",
          priority: 100,
          independenceGroup: "roof",
          arbitraryTimescale: "Refuse",
        },
      ],
      servo: { maxSlewPartsPerBillion: 500_000, stepMode: "OnStart", stepThresholdNanoseconds: 10_000_000 },
    },
  },
};
server.addService(
  { connect: { ...connect, requestDeserialize: (bytes: Buffer) => bytes } },
  {
    connect(stream: ServerDuplexStream<Buffer, HubMessage>) {
      stream.on("error", () => undefined);
      stream.on("data", (bytes: Buffer) => {
        frames.push(bytes.toString("base64"));
        if (frames.length > 1) return;
        stream.write({ welcome: { leaderEpoch: 3, reportIntervalMilliseconds: 1000 } });
        stream.write(config);
        setTimeout(() => stream.write({ release: { leaderEpoch: 3, reason: "NoDomain" } }), 6000);
      });
    },
  },
);
const port = await new Promise<number>((resolve, reject) => {
  const credentials = ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }]);
  server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
});
const tokenFile = join(directory, "token");
writeFileSync(tokenFile, "first-token");
mkdirSync(join(directory, "n1"));
createVirtualClock(join(directory, "clock"), {
  seconds: 600,
  seed: 1,
  offsetNs: 20_000_000,
  frequencyPpb: 30_000,
  wanderPpb: 0,
  sinePpb: 0,
});
const agent = startAgent({
  node: "n1",
  directory: join(directory, "n1"),
  hub: `127.0.0.1:${String(port)}`,
  hubCaFile: authorityFile,
  tokenFile,
  clockFile: join(directory, "clock"),
  namespace: null,
  bundle,
  extraArgs: ["--http-address", "none"],
});
await sleep(3000);
writeFileSync(tokenFile, "second-token");
utimesSync(tokenFile, 1, 1);
await sleep(12_000);
await agent.stop();
server.forceShutdown();
rmSync(directory, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify({ version, frames }, null, 1)}\n`);
