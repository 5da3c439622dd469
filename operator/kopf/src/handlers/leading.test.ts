import { beforeEach, describe, expect, it } from "vitest";
import { done, requeueAfter } from "../controller/result.js";
import { createManualClock, type ManualClock } from "../testing/manual-clock.js";
import { ObjectServer } from "../testing/object-server.js";
import { createReplica, type Replica } from "../testing/replica.js";
import { widgetPath } from "../testing/widget-trial.js";
import { Widgets } from "../testing/widgets.js";

describe("an operator with several replicas", () => {
  let clock: ManualClock;
  let server: ObjectServer;

  beforeEach(() => {
    clock = createManualClock();
    server = new ObjectServer(clock);
    server.put(widgetPath("a"), { spec: { size: 1 } });
  });

  /** A replica that notes the keys it is called for. */
  const aReplica = (name: string): Replica & { readonly seen: string[] } => {
    const replica = createReplica(server, clock, name);
    const seen: string[] = [];
    replica.app.on.reconcile(Widgets, async ({ key }) => (seen.push(key), done()));
    return { ...replica, seen };
  };

  it("calls handlers in one of them, while the others are ready and keep their caches warm", async () => {
    const [a, b] = [aReplica("a"), aReplica("b")];
    await a.start();
    await b.start();
    server.put(widgetPath("b"), { spec: { size: 1 } });
    await clock.advance(5_000);
    expect([a.seen, b.seen]).toEqual([["ns/a", "ns/b"], []]);
    expect(b.app.store(Widgets).size).toBe(2);
    const ready = b.app.health.ready();
    await clock.advance(0);
    expect((await ready).healthy).toBe(true);
    expect([a.app.leadership.term?.epoch, b.app.leadership.term]).toEqual([1, null]);
    expect([b.app.leadership.holder, b.metrics.value("leader_election_master_status", { name: "test" })]).toEqual(["a", 0]);
    await Promise.all([a.stop(), b.stop()]);
  });

  it("hands over within about one period when the leader stops, and the next one looks at everything", async () => {
    const [a, b] = [aReplica("a"), aReplica("b")];
    await a.start();
    await b.start();
    server.put(widgetPath("b"), { spec: { size: 1 } });
    await clock.advance(1_000);
    await a.stop();
    await clock.advance(500);
    expect(b.app.leadership.term?.epoch).toBe(2);
    expect(b.seen).toEqual(["ns/a", "ns/b"]);
    await b.stop();
  });

  it("aborts what runs when it loses the lease, takes nothing, stays in the process, and begins with everything when it leads again", async () => {
    const b = aReplica("b");
    const a = createReplica(server, clock, "a");
    const calls: { readonly key: string; readonly signal: AbortSignal }[] = [];
    a.app.on.reconcile(Widgets, async ({ key, signal }) => {
      calls.push({ key, signal });
      if (calls.length === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return done();
    });
    await a.start();
    await b.start();
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([false]);
    a.connection.reachable = false;
    await clock.advance(11_000);
    expect(calls.map(({ signal }) => signal.reason)).toEqual([expect.objectContaining({ code: "KOPF_TERM_ENDED" })]);
    a.app.trigger(Widgets, "ns/outside");
    a.app.trigger(Widgets, "ns/outside");
    await clock.advance(10_000);
    expect(b.app.leadership.term?.epoch).toBe(2);
    a.connection.reachable = true;
    await clock.advance(40_000);
    expect(calls).toHaveLength(1);
    expect(a.app.store(Widgets).size).toBe(1);
    await b.stop();
    await clock.advance(3_000);
    expect(a.app.leadership.term?.epoch).toBe(3);
    expect(calls.slice(1).map(({ key }) => key)).toEqual(["ns/outside", "ns/a"]);
    await a.stop();
  });

  it("refuses the write of a handler that wakes up in a term that is over, also when a later one runs", async () => {
    const a = createReplica(server, clock, "a");
    const waking: (() => void)[] = [];
    const errors: unknown[] = [];
    a.app.on.reconcile(Widgets, async ({ client }) => {
      if (waking.length > 0) return done();
      await new Promise<void>((resolve) => waking.push(resolve)); // it does not look at its signal
      await client
        .patch(Widgets, { name: "a", namespace: "ns" }, { kind: "merge", patch: { spec: { size: 7 } } })
        .catch((error) => errors.push(error));
      return done();
    });
    await a.start();
    a.connection.reachable = false;
    await clock.advance(12_000);
    a.connection.reachable = true;
    await clock.advance(40_000);
    expect(a.app.leadership.term?.epoch).toBe(2);
    waking[0]?.();
    await clock.advance(10);
    expect(errors).toEqual([expect.objectContaining({ code: "KOPF_TERM_ENDED" })]);
    expect(server.get(widgetPath("a"))).toMatchObject({ spec: { size: 1 } });
    await a.stop();
  });

  it("looks at objects that went while nobody led, and at what others are and were mapped to", async () => {
    const a = aReplica("a");
    a.app.watches(Widgets, (widget) => [`ns/for-${widget.metadata.name}`], { for: Widgets });
    await a.start();
    const allow = a.connection.refuseWhile(/leases/, 503);
    await clock.advance(12_000);
    expect(a.app.leadership.term).toBeNull();
    a.seen.length = 0;
    server.remove(widgetPath("a"));
    server.put(widgetPath("b"), { spec: { size: 1 } });
    await clock.advance(1_000);
    expect(a.seen).toEqual([]);
    allow();
    await clock.advance(5_000);
    expect(a.app.leadership.term?.epoch).toBe(2);
    expect([...a.seen].sort()).toEqual(["ns/a", "ns/b", "ns/for-a", "ns/for-b"]);
    await a.stop();
  });

  it("runs the actions of a term before its handlers, every time", async () => {
    const a = createReplica(server, clock, "a");
    const steps: string[] = [];
    a.app.term(async ({ term }) => void steps.push(`first of ${term.epoch}`));
    a.app.term(async ({ term }) => {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 1_000));
      steps.push(`second of ${term.epoch}`);
    });
    a.app.on.reconcile(Widgets, async ({ key }) => (steps.push(key), done()));
    await a.start();
    server.put(widgetPath("a"), { spec: { size: 2 } });
    await clock.advance(2_000);
    a.connection.reachable = false;
    await clock.advance(12_000);
    a.connection.reachable = true;
    await clock.advance(40_000);
    expect(steps).toEqual(["first of 1", "second of 1", "ns/a", "first of 2", "second of 2", "ns/a"]);
    await a.stop();
  });

  it("gives the lease back when it cannot take over, says so, and tries again later", async () => {
    const a = createReplica(server, clock, "a");
    let attempts = 0;
    let calls = 0;
    a.app.term(async () => {
      if (++attempts === 1) throw new Error("no authority");
    });
    a.app.on.reconcile(Widgets, async () => (calls++, done()));
    await a.start();
    expect([attempts, calls, a.app.leadership.term]).toEqual([1, 0, null]);
    expect(server.get("/apis/coordination.k8s.io/v1/namespaces/ns/leases/test")).toMatchObject({ spec: { holderIdentity: "" } });
    expect(a.log.lines.filter(({ level }) => level === "error").map(({ fields }) => fields["code"])).toEqual(["KOPF_TERM_FAILED"]);
    await clock.advance(20_000);
    expect([attempts, calls, a.app.leadership.term?.epoch]).toEqual([2, 1, 2]);
    await a.stop();
  });

  it("does not hold the lease for an action of a term that never ends", async () => {
    const [a, b] = [createReplica(server, clock, "a"), aReplica("b")];
    a.app.term(() => new Promise(() => {}));
    await a.start();
    await b.start();
    await clock.advance(55_000);
    expect(b.app.leadership.holder).toBe("a");
    await clock.advance(10_000);
    expect([b.app.leadership.holder, b.seen]).toEqual(["b", ["ns/a"]]);
    expect(a.log.lines.find(({ level }) => level === "error")?.fields["code"]).toBe("KOPF_TERM_FAILED");
    await Promise.all([a.stop(), b.stop()]);
  });

  it("stops within its total though everything hangs: events are written, cleanups run, and the lease is knowingly left to run out", async () => {
    const a = createReplica(server, clock, "a");
    const steps: string[] = [];
    a.app.on.reconcile(Widgets, ({ events, object, signal }) => {
      signal.addEventListener("abort", () => {
        steps.push(`aborted at ${clock.now() - stoppedAt}`);
        if (object !== undefined) events.record(Widgets, object, { type: "Warning", reason: "Stopped", action: "Stop", note: "not done" });
      });
      return new Promise(() => {});
    });
    a.app.cleanup(() => new Promise(() => {}));
    a.app.cleanup(async () => void steps.push("cleanup"));
    await a.start();
    const stoppedAt = clock.now();
    let endedAt = 0;
    const stopped = a.stop().then(() => (endedAt = clock.now()));
    await clock.advance(16_000);
    expect([steps, a.app.leadership.term?.epoch]).toEqual([[], 1]); // it goes on to lead while its handlers have time
    await clock.advance(9_000);
    await stopped;
    expect(steps).toEqual(["aborted at 18900", "cleanup"]);
    expect(endedAt - stoppedAt).toBeLessThanOrEqual(25_000);
    expect(server.paths(/events/)).toHaveLength(1);
    expect(server.get("/apis/coordination.k8s.io/v1/namespaces/ns/leases/test")).toMatchObject({ spec: { holderIdentity: "a" } });
    const warnings = a.log.lines.filter(({ level }) => level === "warn").map(({ message }) => message);
    expect(warnings).toContain("the lease is not given back: others wait until it runs out");
    expect(a.log.lines.at(-1)?.fields["unfinished"]).toEqual(["handlers", "cleanup 0"]);
  });

  it("gives the lease back in time when a handler only needs its abort to end", async () => {
    const a = createReplica(server, clock, "a");
    let cleaned = false;
    a.app.on.reconcile(Widgets, async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return done();
    });
    a.app.cleanup(async () => void (cleaned = true));
    await a.start();
    const stopped = a.stop();
    await clock.advance(25_000);
    await stopped;
    expect(server.get("/apis/coordination.k8s.io/v1/namespaces/ns/leases/test")).toMatchObject({ spec: { holderIdentity: "" } });
    expect(cleaned).toBe(true);
  });

  it.each([2_000, 6_000, 25_000, 60_000])("keeps a total of %d ms, whatever hangs", async (shutdownTimeoutMs) => {
    const a = createReplica(server, clock, "a", { shutdownTimeoutMs });
    a.app.on.reconcile(Widgets, () => new Promise(() => {}));
    for (let index = 0; index < 5; index++) a.app.cleanup(() => new Promise(() => {}));
    await a.start();
    a.connection.reachable = false;
    const stoppedAt = clock.now();
    let tookMs = Number.POSITIVE_INFINITY;
    const stopped = a.stop().then(() => (tookMs = clock.now() - stoppedAt));
    await clock.advance(100_000);
    await stopped;
    expect(tookMs).toBeLessThanOrEqual(shutdownTimeoutMs);
  });

  it("keeps renewing while its last handlers finish, and gives the lease back only then", async () => {
    const a = createReplica(server, clock, "a", { shutdownTimeoutMs: 60_000 });
    a.app.on.reconcile(Widgets, async ({ client }) => {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 40_000));
      await client.patch(Widgets, { name: "a", namespace: "ns" }, { kind: "merge", patch: { spec: { size: 7 } } });
      return done();
    });
    await a.start();
    const stopped = a.stop();
    await clock.advance(30_000);
    expect(server.get("/apis/coordination.k8s.io/v1/namespaces/ns/leases/test")).toMatchObject({ spec: { holderIdentity: "a" } });
    await clock.advance(15_000);
    await stopped;
    expect(server.get(widgetPath("a"))).toMatchObject({ spec: { size: 7 } });
    expect(server.get("/apis/coordination.k8s.io/v1/namespaces/ns/leases/test")).toMatchObject({ spec: { holderIdentity: "" } });
  });

  it("remembers what it is told of from outside while another leads, in bounds and not as work", async () => {
    const [a, b] = [aReplica("a"), aReplica("b")];
    await a.start();
    await b.start();
    const queue = { name: "widgets.v1.test.io" };
    for (const key of ["ns/a", "ns/first", ...Array.from({ length: 10_000 }, (_, index) => `ns/${index}`), "ns/a", "ns/0"])
      b.app.trigger(Widgets, key);
    await clock.advance(3_000);
    const work = (): number[] => ["workqueue_depth", "workqueue_adds_total"].map((name) => b.metrics.value(name, queue));
    expect(work()).toEqual([0, 0]);
    await a.stop();
    await clock.advance(3_000);
    expect(b.seen.length).toBe(10_001); // the object there is, and the latest of the others
    expect([b.seen.filter((key) => key === "ns/a").length, b.seen.includes("ns/first"), b.seen.includes("ns/0")]).toEqual([1, false, true]);
    expect(work()).toEqual([0, 10_001]);
    await b.stop();
  });

  it("shows no work of an earlier term while another leads, and does it in its next", async () => {
    const a = createReplica(server, clock, "a");
    const seen: string[] = [];
    a.app.on.reconcile(Widgets, async ({ key, signal }) => {
      if (seen.push(key) === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return done();
    });
    await a.start();
    a.app.trigger(Widgets, "ns/outside");
    const depth = (): number => a.metrics.value("workqueue_depth", { name: "widgets.v1.test.io" });
    expect(depth()).toBe(1);
    a.connection.reachable = false;
    await clock.advance(12_000);
    expect([a.app.leadership.term, depth()]).toEqual([null, 0]);
    a.connection.reachable = true;
    await clock.advance(40_000);
    expect(seen.sort()).toEqual(["ns/a", "ns/a", "ns/outside"]);
    await a.stop();
  });

  it("spreads the timers that came due between two terms", async () => {
    for (let index = 0; index < 40; index++) server.put(widgetPath(`w${index}`), { spec: { size: 1 } });
    const a = createReplica(server, clock, "a");
    let calls = 0;
    a.app.timer(Widgets, { intervalMs: 60_000 }, async () => void calls++);
    await a.start();
    await clock.advance(60_000);
    const allow = a.connection.refuseWhile(/leases/, 503);
    await clock.advance(120_000);
    expect(a.app.leadership.term).toBeNull();
    calls = 0;
    allow();
    await clock.advance(5_000);
    expect(a.app.leadership.term?.epoch).toBe(2);
    expect(calls).toBeLessThan(15);
    await clock.advance(60_000);
    expect(calls).toBeGreaterThanOrEqual(41);
    await a.stop();
  });

  it("lets timers rest while another leads, and wakes them with the term", async () => {
    const [a, b] = [createReplica(server, clock, "a"), createReplica(server, clock, "b")];
    const calls: string[] = [];
    for (const [name, { app }] of Object.entries({ a, b })) app.timer(Widgets, { intervalMs: 1_000 }, async () => void calls.push(name));
    await a.start();
    await b.start();
    await clock.advance(5_000);
    expect(new Set(calls)).toEqual(new Set(["a"]));
    await a.stop();
    calls.length = 0;
    await clock.advance(5_000);
    expect(new Set(calls)).toEqual(new Set(["b"]));
    await b.stop();
  });
});

describe("an operator without leader election", () => {
  it("leads from the end of reading until it has stopped, with epoch 1, and without a Lease", async () => {
    const clock = createManualClock();
    const server = new ObjectServer(clock);
    server.put(widgetPath("a"), { spec: { size: 1 } });
    const replica = createReplica(server, clock);
    const { app, connection } = replica;
    const epochs: number[] = [];
    app.term(async ({ term }) => void epochs.push(term.epoch));
    app.on.reconcile(Widgets, async () => requeueAfter(1_000));
    expect(app.leadership.term).toBeNull();
    await replica.start();
    const term = app.leadership.term;
    expect([epochs, term?.epoch, term?.signal.aborted]).toEqual([[1], 1, false]);
    expect([await app.leadership.raiseEpoch(4), app.leadership.term?.epoch]).toEqual([true, 4]);
    await replica.stop();
    expect([app.leadership.term, term?.signal.aborted]).toEqual([null, true]);
    expect(connection.executed.filter((request) => request.includes("leases"))).toEqual([]);
  });
});
