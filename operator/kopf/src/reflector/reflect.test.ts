import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock/clock.js";
import { codeOf } from "../errors.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { ObjectStore } from "../store/object-store.js";
import { eventually } from "../testing/eventually.js";
import {
  bookmark,
  type FakeApiServer,
  hangUp,
  refuse,
  stall,
  startFakeApiServer,
  type Widget,
  Widgets,
} from "../testing/fake-api-server.js";
import { transportTo } from "../testing/fake-transport.js";
import { createRecordingLog } from "../testing/recording-log.js";
import type { Transport } from "../transport/transport.js";
import { reflect } from "./reflect.js";
import type { ReflectorEvent } from "./reflector-event.js";
import type { WatchLimits } from "./watch-once.js";

let server: FakeApiServer;
let transport: Transport;
let stop: AbortController;
let running: Promise<void>;
let events: ReflectorEvent[];
let store: ObjectStore<Widget>;

beforeEach(async () => {
  server = await startFakeApiServer();
  transport = transportTo(server.kube);
  stop = new AbortController();
  events = [];
  store = new ObjectStore(Widgets, { log: createRecordingLog(), instruments: createInstruments(noMetrics()) });
});

afterEach(async () => {
  stop.abort();
  await running;
  await transport.close();
  await server.close();
});

/** Short back-off, so that a test of ten failures does not take a minute. */
function start(limits: Partial<WatchLimits> = {}): void {
  const target = {
    transport,
    clock: systemClock(),
    type: Widgets,
    limits: { inactivityMs: 60_000, maxLineBytes: 1_000_000, lifetimeSeconds: 300, ...limits },
  };
  running = (async () => {
    for await (const event of reflect(target, stop.signal, Math.random, { firstMs: 5, longestMs: 40, healthyAfterMs: 5_000 })) {
      events.push(event);
      store.ingest(event);
    }
  })();
}

const sizes = (): Record<string, number | undefined> =>
  Object.fromEntries(store.list().map((widget) => [widget.metadata.name, widget.spec?.size]));
const interruptions = (): string[] => events.flatMap((event) => (event.kind === "interrupted" ? [codeOf(event.error)] : []));
const snapshots = (): number => events.filter((event) => event.kind === "snapshotEnd").length;
const synced = (): Promise<void> =>
  eventually(
    () => store.synced && server.watchCount > 0,
    () => events,
  );
const shows = (wanted: Record<string, number>): Promise<void> =>
  eventually(
    () => isDeepStrictEqual(sizes(), wanted),
    () => [sizes(), interruptions()],
  );

describe("reflector", () => {
  it("reads everything by one streaming watch and stays on it", async () => {
    server.put("a", { size: 1 });
    start();
    await synced();
    server.put("b", { size: 2 });
    server.remove("a");
    await shows({ b: 2 });
    expect(server.requests).toHaveLength(1);
    const query = new URL(server.requests[0]?.split(" ")[1] ?? "", "http://x").searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      watch: "true",
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: "true",
    });
  });

  it("falls back to a paged list where streaming is refused, and continues with a watch from the version of the list", async () => {
    server.streamingList = false;
    server.pageSize = 2;
    for (let size = 0; size < 5; size++) server.put(`w${size}`, { size });
    start();
    await synced();
    server.put("late", { size: 9 });
    await shows({ w0: 0, w1: 1, w2: 2, w3: 3, w4: 4, late: 9 });
    expect(server.requests.filter((request) => request.includes("limit="))).toHaveLength(3);
    expect(interruptions()).toEqual(["KOPF_API_INVALID"]);
  });

  it("continues from a bookmark when a watch ends in order, without reading everything again", async () => {
    server.put("a", { size: 1 });
    start();
    await synced();
    server.writeRaw(bookmark(500));
    await eventually(() => events.some((event) => event.kind === "progress"));
    server.endWatches();
    await eventually(() => server.requests.length === 2);
    expect(server.requests[1]).toContain("resourceVersion=500");
    expect(snapshots()).toBe(1);
  });

  it("reads everything again after 410, and learns of the deletions it missed", async () => {
    server.put("a", { size: 1 });
    server.put("b", { size: 2 });
    start();
    await synced();
    server.failNext(/watch=true/, hangUp); // keeps it away while the history is lost
    server.resetWatches();
    server.remove("a");
    server.compact();
    await shows({ b: 2 });
    expect(interruptions()).toContain("KOPF_API_GONE");
    expect(snapshots()).toBe(2);
  });

  it("resumes after a connection reset without a new snapshot and without losing what happened meanwhile", async () => {
    start();
    await synced();
    server.resetWatches();
    server.put("meanwhile", { size: 1 });
    await shows({ meanwhile: 1 });
    expect(snapshots()).toBe(1);
    expect(interruptions()).toHaveLength(1);
  });

  it("takes half a line for a broken connection, not for an event", async () => {
    start();
    await synced();
    server.writeRaw('{"type":"ADDED","object":{"metadata":{"name":"half"');
    server.endWatches();
    await eventually(() => interruptions().length > 0);
    server.put("whole", { size: 1 });
    await shows({ whole: 1 });
    expect(interruptions()).toEqual(["KOPF_WATCH_CUT"]);
  });

  it("joins an event whose characters arrive in pieces", async () => {
    start();
    await synced();
    const widget = { apiVersion: "test.io/v1", kind: "Widget", metadata: { name: "a", namespace: "ns", uid: "u", resourceVersion: "900" } };
    const bytes = Buffer.from(`${JSON.stringify({ type: "ADDED", object: { ...widget, spec: { size: 1, text: "µ→🛰" } } })}\n`);
    for (const byte of bytes) {
      server.writeRaw(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await shows({ a: 1 });
    expect(store.get("ns/a")?.spec?.text).toBe("µ→🛰");
  });

  it("leaves a watch that is silent for longer than two bookmarks would be", async () => {
    start({ inactivityMs: 50 });
    await eventually(() => interruptions().includes("KOPF_WATCH_SILENT"));
    server.put("after", { size: 1 });
    await shows({ after: 1 });
  });

  it("keeps a watch on which anything at all arrives", async () => {
    start({ inactivityMs: 1_000 });
    await synced();
    const until = performance.now() + 2_000;
    while (performance.now() < until) {
      server.writeRaw(bookmark(600));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(interruptions()).toEqual([]);
  });

  it.each([
    ["429", refuse(429, "TooManyRequests")],
    ["503", refuse(503, "ServiceUnavailable")],
    ["500", refuse(500, "InternalError")],
    ["a connection that ends without a word", hangUp],
  ])("goes on after ten times %s", async (_name, fault) => {
    for (let failure = 0; failure < 10; failure++) server.failNext(/watch=true/, fault);
    server.put("a", { size: 1 });
    start();
    await shows({ a: 1 });
    expect(interruptions().length).toBeGreaterThan(0);
  });

  it("takes a 404 of the type for an outage: objects stay, and are compared once it is back", async () => {
    server.put("a", { size: 1 });
    server.put("b", { size: 2 });
    start();
    await synced();
    server.failNext(/watch=true/, refuse(404, "NotFound"));
    server.failNext(/watch=true/, (request, response) => {
      expect(Object.keys(sizes())).toHaveLength(2);
      refuse(404, "NotFound")(request, response);
    });
    server.resetWatches();
    server.remove("a");
    await shows({ b: 2 });
    expect(interruptions().filter((code) => code === "KOPF_API_NOT_FOUND")).toHaveLength(2);
  });

  it("ignores duplicate and reordered events", async () => {
    server.put("a", { size: 1 });
    const old = JSON.stringify({ type: "MODIFIED", object: server.put("a", { size: 2 }) });
    start();
    await synced();
    server.put("a", { size: 3 });
    server.writeRaw(`${old}\n${old}\n`);
    server.put("b", { size: 1 });
    await shows({ a: 3, b: 1 });
  });

  it("survives what is no event at all", async () => {
    start();
    await synced();
    server.writeRaw("<html>502 Bad Gateway</html>\n");
    await eventually(() => interruptions().includes("KOPF_WATCH_MALFORMED"));
    server.put("a", { size: 1 });
    await shows({ a: 1 });
  });

  it("distrusts its version after several failures in a row and reads everything anew", async () => {
    start();
    await synced();
    for (let failure = 0; failure < 5; failure++) server.failNext(/resourceVersion=/, refuse(500, "InternalError"));
    server.resetWatches();
    await eventually(() => snapshots() === 2, interruptions);
  });

  it("ends at once when told to, also while a request hangs", async () => {
    server.failNext(/watch=true/, stall);
    start();
    await eventually(() => server.requests.length === 1);
    stop.abort();
    await running;
    expect(interruptions()).toEqual([]);
  });
});
