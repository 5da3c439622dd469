/** Every fault of network and API server that the framework claims to survive, and by which sign one sees that it was met. */
import { setTimeout as sleep } from "node:timers/promises";
import type { KopfErrorCode } from "kopf-ts";
import { answer, changeLine, drip, type FakeApiServer, hangUp, hangUpAfter, refuse, stall, stallAfter, type Widget } from "kopf-ts/testing";
import type { FaultTrial } from "./fault-trial.js";

export interface WireFault {
  readonly name: string;
  /** Interruptions that the reflector must have met, as often at least: a fault that misses is no success. Empty: none may be met. */
  readonly signs: readonly KopfErrorCode[];
  /** Before the operator starts. */
  readonly prepare?: (server: FakeApiServer) => void;
  /** Resolves once the server is well again, at least for new connections. */
  readonly inflict: (trial: FaultTrial) => Promise<void> | void;
  /** Ten times what it takes, or what the time limits allow. Default 60. */
  readonly limitSeconds?: number;
}

const watch = /watch=true/;
const list = /limit=500/;
const write = /^PATCH/;
const pagedOnly = (server: FakeApiServer): void => {
  server.streamingList = false;
  server.pageSize = 7;
};

/** The next `times` requests of a kind fail, and something has changed meanwhile. */
function failing(matches: RegExp, fault: Parameters<FakeApiServer["failNext"]>[1], times: number) {
  return (trial: FaultTrial): void => {
    for (let time = 0; time < times; time++) trial.server.failNext(matches, fault);
    if (matches === list) loseHistory(trial);
    else trial.change();
    if (matches === watch) trial.server.resetWatches();
  };
}

/** Only a new list can tell what happened. */
function loseHistory(trial: FaultTrial): void {
  trial.server.resetWatches();
  trial.change();
  trial.server.compact();
}

/** Every connection ends: on one that stands nobody looks at certificates again. */
async function restart({ server }: FaultTrial): Promise<void> {
  await server.refuseConnections();
  await server.acceptConnections();
}

const halfLine = '{"type":"MODIFIED","object":{"metadata":{"name":"w1","namespace":"ns","resourceVersion":"9';
const halfPage = '{"kind":"WidgetList","metadata":{"resourceVersion":"15"},"items":[{"metadata":{"name":"w1","na';

export const wireFaults: readonly WireFault[] = [
  {
    name: "gone-at-start",
    signs: ["KOPF_API_GONE"],
    prepare: (server) => server.failNext(watch, refuse(410, "Expired")),
    inflict: (trial) => trial.change(),
  },
  {
    name: "gone-mid-watch",
    signs: ["KOPF_API_GONE"],
    inflict(trial) {
      trial.server.watches.hold();
      trial.change();
      trial.server.watches.release(() => []);
      trial.server.compact();
      trial.server.writeRaw(`${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } })}\n`);
    },
  },
  { name: "gone-on-resume", signs: ["KOPF_TRANSPORT_FAILED", "KOPF_API_GONE"], inflict: loseHistory },
  { name: "429-watch", signs: ["KOPF_API_THROTTLED"], inflict: failing(watch, refuse(429, "TooManyRequests", 1), 3) },
  { name: "429-list", signs: ["KOPF_API_GONE"], prepare: pagedOnly, inflict: failing(list, refuse(429, "TooManyRequests", 1), 3) },
  { name: "429-write", signs: [], inflict: failing(write, refuse(429, "TooManyRequests", 1), 5) },
  { name: "503-watch", signs: ["KOPF_API_UNAVAILABLE"], inflict: failing(watch, refuse(503, "ServiceUnavailable"), 6) },
  { name: "503-list", signs: ["KOPF_API_UNAVAILABLE"], prepare: pagedOnly, inflict: failing(list, refuse(503, "ServiceUnavailable"), 6) },
  { name: "503-write", signs: [], inflict: failing(write, refuse(503, "ServiceUnavailable"), 6) },
  { name: "500-watch", signs: ["KOPF_API_UNAVAILABLE"], inflict: failing(watch, refuse(500, "InternalError"), 6) },
  { name: "500-list", signs: ["KOPF_API_UNAVAILABLE"], prepare: pagedOnly, inflict: failing(list, refuse(500, "InternalError"), 3) },
  { name: "500-write", signs: [], inflict: failing(write, refuse(500, "InternalError"), 6) },
  { name: "stall-watch", signs: ["KOPF_TRANSPORT_TIMEOUT"], inflict: failing(watch, stall, 1), limitSeconds: 150 },
  { name: "stall-write", signs: [], inflict: failing(write, stall, 2), limitSeconds: 150 },
  {
    name: "stall-mid-line",
    signs: ["KOPF_WATCH_SILENT"],
    inflict(trial) {
      trial.server.writeRaw(halfLine);
      trial.server.watches.freeze();
      trial.change();
    },
    limitSeconds: 250,
  },
  {
    name: "stall-mid-page",
    signs: ["KOPF_TRANSPORT_TIMEOUT"],
    prepare: pagedOnly,
    inflict: failing(list, stallAfter(halfPage), 1),
    limitSeconds: 150,
  },
  {
    name: "reset-watch",
    signs: ["KOPF_TRANSPORT_FAILED"],
    inflict(trial) {
      trial.server.resetWatches();
      trial.change();
    },
  },
  { name: "reset-mid-page", signs: ["KOPF_TRANSPORT_FAILED"], prepare: pagedOnly, inflict: failing(list, hangUpAfter(halfPage), 3) },
  { name: "reset-write", signs: [], inflict: failing(write, hangUp, 3) },
  {
    name: "half-line-then-eof",
    signs: ["KOPF_WATCH_CUT"],
    inflict(trial) {
      trial.server.writeRaw(halfLine);
      trial.server.endWatches();
      trial.change();
    },
  },
  {
    name: "garbage-line",
    signs: ["KOPF_WATCH_MALFORMED"],
    inflict(trial) {
      trial.server.writeRaw("\u0000\u0001 not an event }{\n");
      trial.change();
    },
  },
  { name: "wrong-type-watch", signs: ["KOPF_WATCH_CUT"], inflict: failing(watch, answer(200, "text/html", "<h1>Sign in</h1>"), 3) },
  {
    name: "wrong-type-list",
    signs: ["KOPF_TRANSPORT_FAILED"],
    prepare: pagedOnly,
    inflict: failing(list, answer(200, "text/html", "<h1>Sign in</h1>"), 3),
  },
  {
    name: "no-list",
    signs: ["KOPF_LIST_MALFORMED"],
    prepare: pagedOnly,
    inflict: failing(list, answer(200, "application/json", '{"kind":"Status","metadata":{},"status":"Success"}'), 3),
  },
  {
    name: "silence",
    signs: ["KOPF_WATCH_SILENT"],
    inflict(trial) {
      trial.server.watches.freeze();
      trial.change();
    },
    limitSeconds: 250,
  },
  {
    name: "slow-drip",
    signs: ["KOPF_WATCH_SILENT"],
    inflict: failing(watch, drip(`{"type":"ADDED","object":{"metadata":{"name":"${"x".repeat(9_000)}`, 1_000), 1),
    limitSeconds: 250,
  },
  {
    name: "reordered",
    signs: [],
    inflict(trial) {
      trial.server.watches.hold();
      trial.change();
      trial.server.watches.release((changes) => [...changes].reverse());
    },
  },
  {
    name: "duplicates",
    signs: [],
    inflict(trial) {
      trial.server.watches.hold();
      trial.change();
      trial.server.watches.release((changes) => [...changes, ...changes].flatMap((change) => [change, change]));
    },
  },
  {
    name: "events-of-the-past",
    signs: ["KOPF_TRANSPORT_FAILED"],
    async inflict(trial) {
      trial.change();
      const past = trial.server.storage.changesAfter(0);
      if (past !== "gone") for (const { line } of past.slice(0, -3)) trial.server.writeRaw(line);
      await sleep(100);
      trial.server.resetWatches();
      trial.change();
    },
  },
  {
    name: "deletion-of-the-unknown",
    signs: [],
    inflict(trial) {
      const metadata = { name: "nobody", namespace: "ns", uid: "uid-nobody", resourceVersion: String(trial.server.storage.version) };
      trial.server.writeRaw(changeLine("DELETED", { apiVersion: "test.io/v1", kind: "Widget", metadata } satisfies Widget));
      trial.change();
    },
  },
  {
    name: "recreated-between-lists",
    signs: ["KOPF_API_UNAVAILABLE", "KOPF_API_GONE"],
    async inflict({ server }) {
      const lift = server.failWhile(watch, refuse(503, "ServiceUnavailable"));
      server.resetWatches();
      server.remove("w3");
      server.put("w3", { size: 3 });
      server.compact();
      await sleep(300); // five failures, and it would read everything for another reason
      lift();
    },
  },
  { name: "huge-line", signs: [], inflict: ({ server }) => void server.put("w3", { size: 300, text: "µ".repeat(6_000_000) }) },
  {
    name: "page-expires",
    signs: ["KOPF_API_GONE"],
    prepare: pagedOnly,
    inflict(trial) {
      trial.server.failNext(/continue=/, refuse(410, "Expired"));
      loseHistory(trial);
    },
  },
  {
    name: "restored-from-backup",
    signs: ["KOPF_TRANSPORT_FAILED"],
    async inflict(trial) {
      const backup = trial.server.storage.backUp();
      trial.change();
      await trial.converge(60);
      trial.server.storage.restore(backup);
      trial.server.resetWatches();
    },
  },
  {
    name: "certificate-rotated",
    signs: ["KOPF_TRANSPORT_FAILED"],
    async inflict(trial) {
      trial.trust(await trial.changeAuthority());
      await restart(trial);
      trial.change();
    },
  },
  {
    name: "authority-known-late",
    signs: ["KOPF_TRANSPORT_FAILED", "KOPF_TRANSPORT_FAILED", "KOPF_TRANSPORT_FAILED"],
    async inflict(trial) {
      const authority = await trial.changeAuthority();
      await restart(trial);
      trial.change();
      await sleep(5_000);
      trial.trust(authority);
    },
  },
  {
    name: "token-expired",
    signs: ["KOPF_API_UNAUTHORIZED"],
    async inflict(trial) {
      trial.server.tokens = new Set(["second"]);
      trial.server.resetWatches();
      trial.change();
      await sleep(5_000);
      trial.rotateToken("second");
    },
  },
  {
    name: "connection-refused",
    signs: ["KOPF_TRANSPORT_FAILED"],
    async inflict(trial) {
      await trial.server.refuseConnections();
      trial.change();
      await sleep(10_000);
      await trial.server.acceptConnections();
    },
  },
  {
    name: "type-unknown-for-a-while",
    signs: ["KOPF_API_NOT_FOUND"],
    async inflict(trial) {
      const lift = trial.server.failWhile(/widgets/, refuse(404, "NotFound"));
      trial.server.resetWatches();
      await sleep(5_000);
      trial.change();
      lift();
    },
  },
  {
    name: "chunks-within-characters",
    signs: [],
    async inflict({ server }) {
      server.watches.hold();
      server.put("w3", { size: 33, text: "µ→🛰 ".repeat(20) });
      const lines: string[] = [];
      server.watches.release((changes) => (lines.push(...changes.map(({ line }) => line)), []));
      for (const byte of Buffer.from(lines.join(""))) {
        server.writeRaw(Uint8Array.of(byte));
        await sleep(1);
      }
    },
  },
];
