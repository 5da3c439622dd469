import { beforeEach, describe, expect, it } from "vitest";
import { done } from "../controller/result.js";
import { PermanentError, TemporaryError } from "../errors.js";
import type { ManualClock } from "../testing/manual-clock.js";
import type { ObjectServer } from "../testing/object-server.js";
import { createReplica, type Replica } from "../testing/replica.js";
import { createWidgetTrial, widgetPath as path } from "../testing/widget-trial.js";
import { Widgets } from "../testing/widgets.js";

const finalizer = "test.io/cleanup";

let clock: ManualClock;
let server: ObjectServer;
let replica: Replica;

beforeEach(() => {
  ({ clock, replica, server } = createWidgetTrial());
});

const count = (name: string, labels: Record<string, string>): number => replica.metrics.value(name, labels);

describe("a deletion handler without a finalizer", () => {
  it("is called once, with the last state, in the turn before reconcile", async () => {
    const steps: unknown[] = [];
    replica.app.on.delete(Widgets, async ({ key, object }) => void steps.push(["deleted", key, object.spec?.size]));
    replica.app.on.reconcile(Widgets, async ({ object }) => (steps.push(["reconcile", object?.spec?.size]), done()));
    await replica.start();
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    server.remove(path("a"));
    await clock.advance(60_000);
    expect(steps).toEqual([
      ["reconcile", 1],
      ["reconcile", 2],
      ["deleted", "ns/a", 2],
      ["reconcile", undefined],
    ]);
    expect(replica.connection.executed.filter((request) => /^(patch|apply)/.test(request))).toEqual([]);
    await replica.stop();
  });

  it("is called as soon as the deletion begins while something else holds the object, and not again when it is gone", async () => {
    server.put(path("a"), { metadata: { finalizers: ["other.io/x"] } });
    const seen: unknown[] = [];
    replica.app.on.delete(Widgets, async ({ object }) => void seen.push(object.metadata.deletionTimestamp !== undefined));
    await replica.start();
    server.remove(path("a"));
    await clock.advance(10);
    expect(seen).toEqual([true]);
    server.put(path("a"), { metadata: { finalizers: [] } });
    await clock.advance(10);
    expect([seen, server.get(path("a"))]).toEqual([[true], undefined]);
    await replica.stop();
  });

  it("is called for each of several bearers of one name", async () => {
    const uids: unknown[] = [];
    let fail = true;
    replica.app.on.delete(Widgets, async ({ object }) => {
      if (fail) throw new Error("not now");
      uids.push(object.metadata.uid);
    });
    await replica.start();
    const bearers: unknown[] = [];
    for (let bearer = 0; bearer < 3; bearer++) {
      bearers.push(server.get(path("a"))?.metadata.uid);
      server.remove(path("a"));
      await clock.advance(1);
      server.put(path("a"), { spec: { size: bearer } });
      await clock.advance(1);
    }
    fail = false;
    await clock.advance(60_000);
    expect(uids).toEqual(bearers);
    await replica.stop();
  });

  it.each([
    ["after its back-off", () => new Error("no answer"), 10, 2],
    ["after the delay it asked for", () => new TemporaryError("soon", { delayMs: 5_000 }), 5_010, 2],
    ["never when it gave up", () => new PermanentError("no use"), 3_600_000, 1],
  ])("that fails is called again %s, with an event about it, and reconcile goes on", async (_sentence, error, withinMs, calls) => {
    let called = 0;
    let reconciled = 0;
    replica.app.on.delete(Widgets, async () => {
      if (++called === 1) throw error();
    });
    replica.app.on.reconcile(Widgets, async () => (reconciled++, done()));
    await replica.start();
    server.remove(path("a"));
    await clock.advance(1);
    expect([called, reconciled]).toEqual([1, 2]);
    await clock.advance(withinMs);
    expect(called).toBe(calls);
    const [event = ""] = server.paths(/events/);
    expect(server.get(event)).toMatchObject({ type: "Warning", reason: "DeletionFailed", regarding: { name: "a", uid: "uid-1" } });
    await replica.stop();
  });

  it("of the next leader is told what went while nobody led", async () => {
    const [a, b] = [createReplica(server, clock, "a"), createReplica(server, clock, "b")];
    const told: string[] = [];
    for (const [name, { app }] of Object.entries({ a, b })) app.on.delete(Widgets, async ({ key }) => void told.push(`${name}: ${key}`));
    await a.start();
    await b.start();
    a.connection.reachable = false;
    await clock.advance(12_000);
    server.remove(path("a"));
    await clock.advance(10_000);
    expect(told).toEqual(["b: ns/a"]);
    await b.stop();
    a.connection.reachable = true;
    await a.stop();
  });
});

describe("a deletion handler with a finalizer", () => {
  it("has it on every object before anything else is called, and lets the object go only after it succeeded", async () => {
    server.put(path("a"), { metadata: { finalizers: ["other.io/x"] } });
    const steps: unknown[] = [];
    let ready = false;
    replica.app.on.delete(
      Widgets,
      async () => {
        if (!ready) throw new Error("still in use");
        steps.push("cleaned up");
      },
      { finalizer },
    );
    const isRelevant = (): boolean => false;
    replica.app.on.reconcile(Widgets, async ({ object }) => (steps.push(object?.metadata.finalizers), done()), { isRelevant });
    await replica.start();
    expect(steps).toEqual([["other.io/x", finalizer]]);
    server.remove(path("a"));
    server.put(path("a"), { metadata: { finalizers: [finalizer] } });
    await clock.advance(1_000);
    expect(server.get(path("a"))?.metadata.finalizers).toEqual([finalizer]);
    ready = true;
    await clock.advance(60_000);
    expect(server.get(path("a"))).toBeUndefined();
    expect(steps).toEqual([["other.io/x", finalizer], "cleaned up", undefined]);
    expect(count("reconcile_errors_total", { controller: "delete-0.widgets.v1.test.io", code: "bug" })).toBeGreaterThan(1);
    await replica.stop();
  });

  it("is called for what was deleted while the operator was down", async () => {
    server.put(path("a"), { metadata: { finalizers: [finalizer] } });
    server.remove(path("a"));
    let calls = 0;
    replica.app.on.delete(Widgets, async () => void calls++, { finalizer });
    await replica.start();
    await clock.advance(1_000);
    expect([calls, server.get(path("a"))]).toEqual([1, undefined]);
    await replica.stop();
  });

  it("is not called again because others write while its finalizer is being removed", async () => {
    let calls = 0;
    replica.app.on.delete(
      Widgets,
      async () => {
        calls++;
        replica.connection.refuseNext(/^patch .*widgets/, 409, "Conflict");
        replica.connection.refuseNext(/^patch .*widgets/, 409, "Conflict");
      },
      { finalizer },
    );
    await replica.start();
    server.remove(path("a"));
    await clock.advance(1_000);
    expect([calls, server.get(path("a"))]).toEqual([1, undefined]);
    await replica.stop();
  });

  it("holds everything else back while the finalizer cannot be written", async () => {
    const allow = replica.connection.refuseWhile(/^patch .*widgets/, 403, "Forbidden");
    let reconciled = 0;
    replica.app.on.delete(Widgets, async () => {}, { finalizer });
    replica.app.on.reconcile(Widgets, async () => (reconciled++, done()));
    await replica.start();
    await clock.advance(1_000);
    expect(reconciled).toBe(0);
    expect(count("reconcile_errors_total", { controller: "widgets.v1.test.io", code: "KOPF_API_FORBIDDEN" })).toBeGreaterThan(1);
    allow();
    await clock.advance(60_000);
    expect(reconciled).toBe(1);
    await replica.stop();
  });

  it("that gave up keeps the object, and looks again when the object changes", async () => {
    let calls = 0;
    replica.app.on.delete(
      Widgets,
      async ({ object }) => {
        calls++;
        if (object.spec?.size === 1) throw new PermanentError("too small to go");
      },
      { finalizer },
    );
    await replica.start();
    server.remove(path("a"));
    await clock.advance(600_000);
    expect([calls, server.get(path("a")) === undefined]).toEqual([1, false]);
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    expect([calls, server.get(path("a"))]).toEqual([2, undefined]);
    await replica.stop();
  });

  it("begins with the shortest back-off for the next bearer of a name", async () => {
    let calls = 0;
    replica.app.on.delete(
      Widgets,
      async () => {
        calls++;
        throw new Error("broken");
      },
      { finalizer },
    );
    await replica.start();
    server.remove(path("a"));
    await clock.advance(60_000);
    server.put(path("a"), { metadata: { finalizers: [] } }); // by force
    await clock.advance(60_000);
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    server.remove(path("a"));
    calls = 0;
    await clock.advance(40);
    expect(calls).toBeGreaterThanOrEqual(3);
    await replica.stop();
  });

  it("is refused with a name that the API server or another handler would not accept", () => {
    const invalid = expect.objectContaining({ code: "KOPF_CONFIG_INVALID" });
    const declare = (name: string): void => replica.app.on.delete(Widgets, async () => {}, { finalizer: name });
    expect(() => declare("no-group")).toThrow(invalid);
    declare(finalizer);
    expect(() => declare(finalizer)).toThrow(invalid);
    declare("test.io/another");
  });
});
