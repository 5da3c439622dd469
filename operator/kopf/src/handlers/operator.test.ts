import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { done } from "../controller/result.js";
import { PermanentError } from "../errors.js";
import type { ResourceType } from "../object/kube-object.js";
import { eventually } from "../testing/eventually.js";
import { type FakeApiServer, refuse, stall, startFakeApiServer, Widgets } from "../testing/fake-api-server.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { createRecordingMetrics, type RecordingMetrics } from "../testing/recording-metrics.js";
import type { App, OperatorOptions, ShutdownReport } from "./app.js";
import { operator } from "./operator.js";

const Gadgets: ResourceType = { group: "other.io", version: "v1", plural: "gadgets", kind: "Gadget", namespaced: true };

describe("operator", () => {
  let server: FakeApiServer;
  let stop: AbortController;
  let force: AbortController;
  let run: Promise<ShutdownReport> | undefined;
  let metrics: RecordingMetrics;

  beforeEach(async () => {
    server = await startFakeApiServer();
    metrics = createRecordingMetrics();
    stop = new AbortController();
    force = new AbortController();
    run = undefined;
  });
  afterEach(async () => {
    force.abort();
    stop.abort();
    await run?.catch(() => {});
    await server.close();
  });

  const declare = (options: Partial<OperatorOptions> = {}): App =>
    operator({ kube: server.kube, identity: "test", log: createRecordingLog(), metrics, ...options });
  const start = (app: App): void => {
    run = app.run({ signal: stop.signal, forceSignal: force.signal });
  };
  const stopped = (): Promise<ShutdownReport> => {
    stop.abort();
    return run as Promise<ShutdownReport>;
  };

  it("calls a handler for what exists, what changes and what is deleted, always with the latest state", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    const seen: unknown[] = [];
    app.on.reconcile(Widgets, async ({ key, object }) => {
      seen.push([key, object?.spec?.size]);
      return done();
    });
    start(app);
    await eventually(() => seen.length === 1);
    server.put("a", { size: 2 });
    await eventually(() => seen.length === 2);
    server.remove("a");
    await eventually(() => seen.length === 3);
    expect(seen).toEqual([
      ["ns/a", 1],
      ["ns/a", 2],
      ["ns/a", undefined],
    ]);
    expect(await stopped()).toEqual({ kind: "clean" });
  });

  it("starts no handler before every cache is complete, and is not ready until then", async () => {
    server.put("a", { size: 1 });
    server.failNext(/gadgets/, stall);
    const app = declare();
    let calls = 0;
    app.on.reconcile(Widgets, async () => (calls++, done()));
    app.store(Gadgets);
    expect((await app.health.ready()).healthy).toBe(false);
    start(app);
    await eventually(() => app.store(Widgets).synced);
    expect(calls).toBe(0);
    const ready = await app.health.ready();
    expect(ready.checks["caches"]).toEqual({ healthy: false, detail: "not yet read: gadgets.v1.other.io" });
    expect((await app.health.live()).healthy).toBe(true);
  });

  it("does not wait for a type that is declared optional", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    let calls = 0;
    app.on.reconcile(Widgets, async () => (calls++, done()));
    app.store(Gadgets, { optional: true });
    start(app);
    await eventually(() => calls === 1);
    expect((await app.health.ready()).healthy).toBe(true);
  });

  it("sees its own write in the cache when it is called again", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    const seen: [number | undefined, number | undefined][] = [];
    let written: number | undefined;
    app.on.reconcile(Widgets, async ({ cache, client, key, object }) => {
      seen.push([written, object?.status?.seen]);
      expect(cache(Widgets).get(key)).toBe(object);
      const next = (written ?? 0) + 1;
      if (next > 5) return done();
      await client.patchStatus(Widgets, { name: "a", namespace: "ns" }, { kind: "merge", patch: { status: { seen: next } } });
      written = next;
      return done();
    });
    start(app);
    await eventually(
      () => seen.length >= 6,
      () => seen,
    );
    for (const [wrote, read] of seen) expect(read).toBe(wrote);
  });

  it("calls the handler of the owner, and of everything an object was or is mapped to", async () => {
    const app = declare();
    const seen: string[] = [];
    app.on.reconcile(Widgets, async ({ key }) => (seen.push(key), done()));
    app.watches(Widgets, (widget) => (widget.spec?.text === undefined ? [] : [`ns/${widget.spec.text}`]), { for: Widgets });
    start(app);
    await eventually(() => server.watchCount === 1);
    server.put("a", { size: 1, text: "first" });
    await eventually(() => seen.includes("ns/first"));
    seen.length = 0;
    server.put("a", { size: 1, text: "second" });
    await eventually(() => seen.length === 3);
    expect(seen.sort()).toEqual(["ns/a", "ns/first", "ns/second"]);
  });

  it("skips updates that are declared irrelevant, but never a deletion", async () => {
    const app = declare();
    const seen: (number | undefined)[] = [];
    const isRelevant = (): boolean => false;
    app.on.reconcile(Widgets, async ({ object }) => (seen.push(object?.spec?.size), done()), { isRelevant });
    start(app);
    await eventually(() => server.watchCount === 1);
    server.put("a", { size: 1 });
    await eventually(() => seen.length === 1);
    server.put("a", { size: 2 });
    server.remove("a");
    await eventually(() => seen.length === 2);
    expect(seen).toEqual([1, undefined]);
  });

  it("calls a timer again and again for an existing object, and no more once it is gone", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    let calls = 0;
    app.timer(Widgets, { intervalMs: 10 }, async ({ object }) => {
      expect(object.metadata.name).toBe("a");
      calls++;
    });
    start(app);
    await eventually(() => calls >= 3);
    server.remove("a");
    await eventually(() => app.store(Widgets).size === 0);
    const before = calls;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(calls).toBeLessThanOrEqual(before + 1);
  });

  it("wakes a timer that gave up when its object changes", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    let calls = 0;
    app.timer(Widgets, { intervalMs: 10 }, async () => {
      calls++;
      throw new PermanentError("no use");
    });
    start(app);
    await eventually(() => calls === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(calls).toBe(1);
    server.put("a", { size: 2 });
    await eventually(() => calls === 2);
  });

  it("runs startups first and cleanups last, in reverse, after the last handler has finished", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    const steps: string[] = [];
    let release = (): void => {};
    app.startup(async () => void steps.push("startup"));
    app.cleanup(async () => void steps.push("cleanup 1"));
    app.cleanup(async () => void steps.push("cleanup 2"));
    app.on.reconcile(Widgets, async () => {
      steps.push("begin");
      await new Promise<void>((resolve) => (release = resolve));
      steps.push("end");
      return done();
    });
    start(app);
    await eventually(() => steps.includes("begin"));
    const report = stopped();
    await eventually(() => steps.length === 2);
    expect((await app.health.ready()).healthy).toBe(false);
    release();
    expect(await report).toEqual({ kind: "clean" });
    expect(steps).toEqual(["startup", "begin", "end", "cleanup 2", "cleanup 1"]);
  });

  it("leaves a handler that does not end behind when it is forced, and says so", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    let aborted = false;
    app.on.reconcile(Widgets, ({ signal }) => {
      signal.addEventListener("abort", () => (aborted = true));
      return new Promise(() => {});
    });
    start(app);
    await eventually(() => metrics.value("active_workers", { controller: "widgets.v1.test.io" }) === 1);
    const report = stopped();
    force.abort();
    expect(await report).toEqual({ kind: "forced", unfinished: ["handlers"] });
    expect(aborted).toBe(true);
  });

  it("does not start when a startup fails, and runs the cleanups all the same", async () => {
    const app = declare();
    let cleaned = false;
    app.startup(() => Promise.reject(new Error("no licence")));
    app.cleanup(async () => void (cleaned = true));
    app.on.reconcile(Widgets, async () => done());
    start(app);
    await expect(run).rejects.toMatchObject({ code: "KOPF_STARTUP_FAILED", cause: expect.objectContaining({ message: "no licence" }) });
    expect(cleaned).toBe(true);
    expect(server.requests).toEqual([]);
  });

  it("keeps working through refusals at the start", async () => {
    for (const status of [500, 403, 429]) server.failNext(/watch=true/, refuse(status, "Nope"));
    server.put("a", { size: 1 });
    const app = declare();
    let calls = 0;
    app.on.reconcile(Widgets, async () => (calls++, done()));
    start(app);
    await eventually(() => calls === 1);
  });

  it("calls a handler for what happened outside the cluster, once the caches are read", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    const seen: string[] = [];
    app.on.reconcile(Widgets, async ({ key }) => (seen.push(key), done()));
    app.trigger(Widgets, "ns/early");
    start(app);
    await eventually(() => seen.length === 1);
    app.trigger(Widgets, "ns/outside");
    app.trigger(Gadgets, "ns/nobody");
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(["ns/a", "ns/outside"]);
  });

  it("refuses declarations that could never work", async () => {
    const invalid = expect.objectContaining({ code: "KOPF_CONFIG_INVALID" });
    expect(() => declare({ identity: "" })).toThrow(invalid);
    const app = declare();
    app.on.reconcile(Widgets, async () => done());
    expect(() => app.on.reconcile(Widgets, async () => done())).toThrow(invalid);
    expect(() => app.timer(Widgets, { intervalMs: 0 }, async () => {})).toThrow(invalid);
    app.store(Widgets, {});
    expect(() => app.store(Widgets, {})).toThrow(invalid);
    app.owns(Gadgets, Widgets);
    await expect(app.run({ signal: stop.signal })).rejects.toThrow("nothing reconciles Gadget");
  });

  it("refuses a cache that nobody declared, and declarations after the start", async () => {
    server.put("a", { size: 1 });
    const app = declare();
    const errors: unknown[] = [];
    app.on.reconcile(Widgets, async ({ cache }) => {
      try {
        cache(Gadgets);
      } catch (error) {
        errors.push(error);
      }
      return done();
    });
    start(app);
    await eventually(() => errors.length === 1);
    expect(errors[0]).toMatchObject({ code: "KOPF_STORE_UNKNOWN" });
    expect(() => app.store(Gadgets)).toThrow(expect.objectContaining({ code: "KOPF_CONFIG_INVALID" }));
  });
});
