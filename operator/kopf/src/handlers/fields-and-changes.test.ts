import { beforeEach, describe, expect, it } from "vitest";
import { done, requeueAfter } from "../controller/result.js";
import { PermanentError, TemporaryError } from "../errors.js";
import type { ManualClock } from "../testing/manual-clock.js";
import type { ObjectServer } from "../testing/object-server.js";
import { createReplica, type Replica } from "../testing/replica.js";
import { createWidgetTrial, widgetPath as path } from "../testing/widget-trial.js";
import { Widgets } from "../testing/widgets.js";

let clock: ManualClock;
let server: ObjectServer;
let replica: Replica;

beforeEach(() => {
  ({ clock, replica, server } = createWidgetTrial());
});

const count = (name: string, labels: Record<string, string>): number => replica.metrics.value(name, labels);

describe("a field handler", () => {
  const told: [unknown, unknown][] = [];
  beforeEach(() => {
    told.length = 0;
  });
  const declare = (error: () => Error | undefined = () => undefined): void =>
    replica.app.on.field(Widgets, "spec.size", async ({ after, before, object }) => {
      const problem = error();
      if (problem !== undefined) throw problem;
      expect(object.spec?.size).toBe(after);
      told.push([before, after]);
    });

  it("is told the old and the new value of that field, and nothing of other fields or new objects", async () => {
    declare();
    await replica.start();
    server.put(path("b"), { spec: { size: 5 } });
    server.put(path("a"), { spec: { text: "x" } });
    await clock.advance(10);
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    server.put(path("a"), { spec: null });
    await clock.advance(10);
    expect(told).toEqual([
      [1, 2],
      [2, undefined],
    ]);
    await replica.stop();
  });

  it("is told of values that came while it could not listen as of one change, and of none that was taken back", async () => {
    let problem: Error | undefined = new TemporaryError("wait", { delayMs: 1_000 });
    declare(() => problem);
    await replica.start();
    for (const size of [2, 3, 4]) {
      server.put(path("a"), { spec: { size } });
      await clock.advance(10);
    }
    problem = undefined;
    await clock.advance(2_000);
    expect(told).toEqual([[1, 4]]);
    problem = new TemporaryError("wait", { delayMs: 1_000 });
    for (const size of [9, 4]) {
      server.put(path("a"), { spec: { size } });
      await clock.advance(10);
    }
    problem = undefined;
    await clock.advance(2_000);
    expect(told).toEqual([[1, 4]]);
    await replica.stop();
  });

  it("loses no change that comes while it runs, and never runs beside the reconcile of the same object", async () => {
    let busy = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++busy);
      await new Promise<void>((resolve) => clock.setTimer(resolve, 100));
      busy--;
    };
    replica.app.on.field(Widgets, "spec.size", async ({ after, before }) => {
      await work();
      told.push([before, after]);
    });
    replica.app.on.reconcile(Widgets, async () => (await work(), done()), { concurrency: 4 });
    await replica.start();
    await clock.advance(200);
    for (const size of [2, 3, 2, 5]) {
      server.put(path("a"), { spec: { size } });
      await clock.advance(30);
    }
    await clock.advance(1_000);
    expect([told.at(0)?.[0], told.at(-1)?.[1], most]).toEqual([1, 5, 1]);
    for (let index = 1; index < told.length; index++) expect(told[index]?.[0]).toBe(told[index - 1]?.[1]);
    await replica.stop();
  });

  it("that fails keeps neither reconcile nor its requeues from their time", async () => {
    declare(() => new Error("broken"));
    let reconciled = 0;
    replica.app.on.reconcile(Widgets, async () => (reconciled++, requeueAfter(1_000)));
    await replica.start();
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(600_000);
    expect(reconciled).toBeGreaterThan(590);
    await replica.stop();
  });

  it("gives up on a value, and is told of the next from there", async () => {
    let problem: Error | undefined = new PermanentError("not this one");
    declare(() => problem);
    await replica.start();
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(60_000);
    problem = undefined;
    server.put(path("a"), { spec: { size: 3 } });
    await clock.advance(10);
    expect(told).toEqual([[2, 3]]);
    expect(count("terminal_reconcile_errors_total", { controller: "field-0.widgets.v1.test.io" })).toBe(1);
    await replica.stop();
  });

  it("of a replica that only stands by is not told later what its leader was told", async () => {
    const [a, b] = [createReplica(server, clock, "a"), createReplica(server, clock, "b")];
    const seen: string[] = [];
    for (const [name, { app }] of Object.entries({ a, b }))
      app.on.field(Widgets, "spec.size", async ({ after, before }) => void seen.push(`${name}: ${String(before)} → ${String(after)}`));
    await a.start();
    await b.start();
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    await a.stop();
    await clock.advance(1_000);
    server.put(path("a"), { spec: { size: 3 } });
    await clock.advance(10);
    expect(seen).toEqual(["a: 1 → 2", "b: 2 → 3"]);
    await b.stop();
  });

  it("needs a path", () => {
    expect(() => replica.app.on.field(Widgets, "spec..x", async () => {})).toThrow(
      expect.objectContaining({ code: "KOPF_CONFIG_INVALID" }),
    );
  });
});

describe("a handler of raw changes", () => {
  it("is told of everything there is, and then of every change, in order per object", async () => {
    const seen: unknown[] = [];
    replica.app.on.event(Widgets, async ({ current, origin, previous }) => {
      await new Promise<void>((resolve) => clock.setTimer(resolve, 10));
      seen.push([previous?.spec?.size, current?.spec?.size, origin]);
    });
    await replica.start();
    for (const size of [2, 3]) server.put(path("a"), { spec: { size } });
    server.remove(path("a"));
    await clock.advance(1_000);
    expect(seen).toEqual([
      [undefined, 1, "snapshot"],
      [1, 2, "live"],
      [2, 3, "live"],
      [3, undefined, "live"],
    ]);
    await replica.stop();
  });

  it("that fails or hangs is in nobody's way, is counted, and is not called again for that change", async () => {
    server.put(path("b"), { spec: { size: 1 } });
    let calls = 0;
    let reconciled = 0;
    replica.app.on.event(Widgets, ({ key }) => {
      calls++;
      if (key === "ns/b") return new Promise(() => {});
      throw new TemporaryError("whatever");
    });
    replica.app.on.reconcile(Widgets, async () => (reconciled++, done()));
    await replica.start();
    for (const size of [2, 3]) {
      server.put(path("a"), { spec: { size } });
      await clock.advance(1_000);
    }
    expect([calls, reconciled]).toEqual([4, 4]);
    expect(count("event_handler_errors_total", { handler: "event-0.widgets.v1.test.io", code: "KOPF_TEMPORARY" })).toBe(3);
  });

  it("that does not keep up loses changes rather than memory", async () => {
    replica.app.on.event(Widgets, () => new Promise(() => {}));
    await replica.start();
    for (let size = 0; size < 10_100; size++) server.put(path("a"), { spec: { size } });
    await clock.advance(1_000);
    expect(count("event_handler_dropped_total", { handler: "event-0.widgets.v1.test.io" })).toBe(100);
  });

  it("is not called for a change that it was about to be told when the term ended", async () => {
    let asleepMs = 0;
    const a = createReplica(server, { ...clock, now: () => clock.now() + asleepMs }, "a");
    const seen: unknown[] = [];
    a.app.on.event(Widgets, ({ current, signal }) => void seen.push([current?.spec?.size, signal.aborted]));
    await a.start();
    a.app.store(Widgets).subscribe(() => {
      asleepMs = 20_000;
      expect(a.app.leadership.term).toBeNull(); // it ends here, after the change was taken and before anybody was called
    });
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    expect(seen).toEqual([[1, false]]);
    asleepMs = 0;
    await a.stop();
  });

  it("is called in the leader only, and is told of everything again in every term", async () => {
    const [a, b] = [createReplica(server, clock, "a"), createReplica(server, clock, "b")];
    const seen: string[] = [];
    for (const [name, { app }] of Object.entries({ a, b }))
      app.on.event(Widgets, ({ current }) => void seen.push(`${name}: ${current?.spec?.size}`));
    await a.start();
    await b.start();
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(10);
    await a.stop();
    await clock.advance(1_000);
    expect(seen).toEqual(["a: 1", "a: 2", "b: 2"]);
    await b.stop();
  });
});

describe("an index", () => {
  it("finds objects by what its function returns, beside those of the cache's own options", async () => {
    const { app } = replica;
    app.index(Widgets, "bySize", ({ spec }) => [String(spec?.size)]);
    app.store(Widgets, { indexes: { byText: ({ spec }) => (spec?.text === undefined ? [] : [spec.text]) } });
    expect(() => app.index(Widgets, "byText", () => [])).toThrow(expect.objectContaining({ code: "KOPF_CONFIG_INVALID" }));
    app.on.reconcile(Widgets, async () => done());
    await replica.start();
    server.put(path("b"), { spec: { size: 2, text: "x" } });
    await clock.advance(10);
    const names = (index: string, value: string): string[] =>
      app
        .store(Widgets)
        .byIndex(index, value)
        .map(({ metadata }) => metadata.name);
    expect([names("bySize", "1"), names("bySize", "2"), names("byText", "x")]).toEqual([["a"], ["b"], ["b"]]);
    await replica.stop();
  });
});

describe("events of handlers", () => {
  it("are written on the way, and the last ones before the operator has stopped", async () => {
    replica.app.on.reconcile(Widgets, async ({ events, object }) => {
      if (object !== undefined)
        events.record(Widgets, object, { type: "Normal", reason: "Seen", action: "Look", note: `${object.spec?.size}` });
      return done();
    });
    await replica.start();
    server.put(path("a"), { spec: { size: 2 } });
    await clock.advance(1);
    await replica.stop();
    const notes = server.paths(/events/).map((event) => server.get(event)?.["note"]);
    expect(new Set(notes)).toEqual(new Set(["1", "2"]));
  });
});
