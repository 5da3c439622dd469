/** What broke a reflector once, each over a real socket. Every fault against a whole operator: npm run test:faults -- kube. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock/clock.js";
import { codeOf } from "../errors.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { ObjectStore } from "../store/object-store.js";
import { eventually } from "../testing/eventually.js";
import { type FakeApiServer, startFakeApiServer } from "../testing/fake-api-server.js";
import { transportTo } from "../testing/fake-transport.js";
import { answer, drip, refuse } from "../testing/faults.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { StoreWitness } from "../testing/store-witness.js";
import { withoutManagers } from "../testing/widget-storage.js";
import { type Widget, Widgets } from "../testing/widgets.js";
import type { Transport } from "../transport/transport.js";
import { reflect } from "./reflect.js";
import type { ReflectorEvent } from "./reflector-event.js";

let server: FakeApiServer;
let transport: Transport;
let store: ObjectStore<Widget>;
let witness: StoreWitness<Widget>;
let events: ReflectorEvent[];
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  server = await startFakeApiServer();
  transport = transportTo(server.kube);
  store = new ObjectStore(Widgets, { log: createRecordingLog(), instruments: createInstruments(noMetrics()) });
  witness = new StoreWitness(store, server.storage);
  events = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await running;
  await transport.close();
  await server.close();
  expect(witness.violations).toEqual([]);
});

function start(inactivityMs = 60_000): void {
  const limits = { inactivityMs, maxLineBytes: 32_000_000, lifetimeSeconds: 300 };
  const backOff = { firstMs: 5, longestMs: 40, healthyAfterMs: 5_000 };
  running = (async () => {
    for await (const event of reflect({ transport, clock: systemClock(), type: Widgets, limits }, stop.signal, Math.random, backOff)) {
      events.push(event);
      store.ingest(event);
    }
  })();
}
const interruptions = (): string[] => events.flatMap((event) => (event.kind === "interrupted" ? [codeOf(event.error)] : []));
const synced = (): Promise<void> =>
  eventually(
    () => store.synced && server.watchCount > 0,
    () => interruptions(),
  );
const converged = (): Promise<void> =>
  eventually(
    () => witness.differences(server.storage.list().map(withoutManagers)).length === 0,
    () => [store.list(), interruptions()],
  );

describe("reflector", () => {
  it("reads everything anew when the storage was restored from a backup, instead of waiting for versions that were", async () => {
    server.put("a", { size: 1 });
    start();
    await synced();
    const backup = server.storage.backUp();
    server.put("a", { size: 2 });
    server.put("b", { size: 1 });
    await converged();
    server.storage.restore(backup);
    server.resetWatches();
    await converged();
    expect(store.keys()).toEqual(["ns/a"]);
    server.put("c", { size: 1 });
    await converged();
  });

  it("is not kept by a server whose bytes drip", async () => {
    server.put("a", { size: 1 });
    server.failNext(/watch=true/, drip("x".repeat(100_000), 10));
    start(300);
    await synced();
    expect(interruptions()).toContain("KOPF_WATCH_SILENT");
  });

  it("does not wait for the end of a line as long as for the next one", async () => {
    start(2_000);
    await synced();
    server.writeRaw('{"type":"ADDED","obj');
    server.watches.freeze();
    const before = performance.now();
    await eventually(() => interruptions().includes("KOPF_WATCH_SILENT"));
    expect(performance.now() - before).toBeLessThan(1_900);
    server.put("a", { size: 1 });
    await converged();
  });

  it("never resumes from a version older than one it has seen", async () => {
    const { metadata } = server.put("a", { size: 1 });
    const old = JSON.stringify({ type: "MODIFIED", object: { ...server.storage.get("a"), metadata } });
    server.put("a", { size: 2 });
    start();
    await synced();
    server.put("b", { size: 1 });
    server.remove("b");
    server.writeRaw(`${old}\n`);
    await eventually(() =>
      events.some((event) => event.kind === "changed" && event.object.metadata.resourceVersion === metadata.resourceVersion),
    );
    server.resetWatches();
    await eventually(() => server.watchCount === 1 && server.requests.length >= 3);
    expect(server.requests.at(-1)).toContain(`resourceVersion=${server.storage.version}`);
  });

  it("reads everything at once when pages expire before they are read", async () => {
    server.streamingList = false;
    server.pageSize = 2;
    for (let size = 0; size < 5; size++) server.put(`w${size}`, { size });
    server.failWhile(/continue=/, refuse(410, "Expired"));
    start();
    await synced();
    await converged();
    expect(interruptions()).toContain("KOPF_API_GONE");
  });

  it("concludes nothing from an answer that is no list", async () => {
    server.put("a", { size: 1 });
    start();
    await synced();
    server.streamingList = false;
    for (let failure = 0; failure < 3; failure++)
      server.failNext(/limit=500/, answer(200, "application/json", '{"kind":"Status","metadata":{},"status":"Success"}'));
    server.compact();
    server.resetWatches();
    await eventually(() => interruptions().includes("KOPF_LIST_MALFORMED"), interruptions);
    expect(store.size).toBe(1);
    await synced();
    await converged();
  });

  it("takes a line of more than ten megabytes", async () => {
    start();
    await synced();
    server.put("huge", { size: 1, text: "µ".repeat(6_000_000) });
    await converged();
    expect(interruptions()).toEqual([]);
  });
});
