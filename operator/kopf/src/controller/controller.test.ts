import { describe, expect, it } from "vitest";
import type { KubeClient } from "../client/kube-client.js";
import { createTimerHeap } from "../clock/timer-heap.js";
import { ApiError, PermanentError, TemporaryError } from "../errors.js";
import { createInstruments } from "../metrics/metrics.js";
import { createWorkQueue } from "../queue/work-queue.js";
import { ObjectStore } from "../store/object-store.js";
import { type Widget, Widgets } from "../testing/fake-api-server.js";
import { createManualClock, settle } from "../testing/manual-clock.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { createRecordingMetrics } from "../testing/recording-metrics.js";
import { type Call, createController } from "./controller.js";
import { recordOwnWrites } from "./own-writes.js";
import { done, type ReconcileResult, requeueAfter } from "./result.js";

/** Answers every write with the widget at `version`. */
function clientThatWrites(version: number): KubeClient {
  const object = {
    apiVersion: "test.io/v1",
    kind: "Widget",
    metadata: { name: "a", namespace: "ns", uid: "u", resourceVersion: String(version) },
  };
  return { apply: async () => object, delete: async () => ({ kind: "gone", uid: "u" }) } as unknown as KubeClient;
}

function aController(handle: (call: Call) => Promise<ReconcileResult>, options: { concurrency?: number; writes?: KubeClient } = {}) {
  const clock = createManualClock();
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const instruments = createInstruments(metrics);
  const store = new ObjectStore<Widget>(Widgets, { log, instruments });
  const queue = createWorkQueue({ name: "c", clock, timers: createTimerHeap(clock), instruments });
  const controller = createController({
    name: "c",
    queue,
    handle,
    recordWrites: () => recordOwnWrites(options.writes ?? clientThatWrites(1), () => store, clock),
    concurrency: options.concurrency ?? 1,
    timeoutMs: 1_000,
    clock,
    random: () => 0.5,
    log,
    instruments,
  });
  controller.start();
  const results = (result: string): number => metrics.value("reconcile_total", { controller: "c", result });
  return { clock, controller, log, metrics, queue, results, store };
}

describe("controller", () => {
  it("works on as many keys at once as it may, and on the same key never twice", async () => {
    const running: string[] = [];
    const finish: (() => void)[] = [];
    const { queue } = aController(
      async ({ key }) => {
        running.push(key);
        await new Promise<void>((resolve) => finish.push(resolve));
        running.splice(running.indexOf(key), 1);
        return done();
      },
      { concurrency: 2 },
    );
    for (const key of ["a", "b", "c"]) queue.add(key, "edit");
    await settle();
    queue.add("a", "edit");
    expect(running).toEqual(["a", "b"]);
    finish.shift()?.();
    await settle();
    expect(running).toEqual(["b", "c"]);
  });

  it.each<[string, () => Promise<ReconcileResult>, string, number | "never"]>([
    ["a thrown bug, after 5 ms", async () => (undefined as unknown as { x: ReconcileResult }).x, "error", 5],
    [
      "a bug before the first await, after 5 ms",
      () => {
        throw new TypeError("bug");
      },
      "error",
      5,
    ],
    [
      "a conflict, after 5 ms",
      async () => {
        throw new ApiError("409", { status: 409, reason: "Conflict" });
      },
      "error",
      5,
    ],
    [
      "a TemporaryError, after its delay",
      async () => {
        throw new TemporaryError("soon", { delayMs: 700 });
      },
      "requeue_after",
      700,
    ],
    ["requeueAfter, after its delay", async () => requeueAfter(300), "requeue_after", 300],
    [
      "a PermanentError, not before a change",
      async () => {
        throw new PermanentError("no");
      },
      "error",
      "never",
    ],
    ["done, not before a change", async () => done(), "success", "never"],
  ])("calls again after %s", async (_sentence, handle, result, delayMs) => {
    let calls = 0;
    const { clock, queue, results } = aController(() => (calls++, handle()));
    queue.add("a", "edit");
    await settle();
    expect([calls, results(result)]).toEqual([1, 1]);
    if (delayMs === "never") {
      await clock.advance(3_600_000);
      expect(calls).toBe(1);
      queue.add("a", "edit");
    } else {
      await clock.advance(delayMs - 1);
      expect(calls).toBe(1);
      await clock.advance(1);
    }
    await settle();
    expect(calls).toBe(2);
  });

  it("logs a conflict as news and a bug as an error, both with the reconcile id", async () => {
    const errors = [new ApiError("409", { status: 409, reason: "Conflict" }), new TypeError("bug")];
    const { clock, log, metrics, queue } = aController(async () => {
      throw errors.shift();
    });
    queue.add("ns/a", "edit");
    await clock.advance(6);
    expect(log.lines.map(({ level, fields }) => [level, fields["reconcileId"], fields["key"]])).toEqual([
      ["info", "80000000", "ns/a"],
      ["error", "80000000", "ns/a"],
    ]);
    expect(metrics.value("reconcile_errors_total", { controller: "c", code: "bug" })).toBe(1);
  });

  it("aborts a call at its time limit and retries it", async () => {
    let aborted: unknown;
    const { clock, metrics, queue, results } = aController(async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted = signal.reason;
      throw signal.reason;
    });
    queue.add("a", "edit");
    await clock.advance(1_000);
    expect(aborted).toMatchObject({ code: "KOPF_HANDLER_TIMEOUT" });
    expect([results("error"), metrics.value("reconcile_timeouts_total", { controller: "c" })]).toEqual([1, 1]);
    expect(queue.has("a")).toBe(true);
  });

  it("frees the worker of a call that ignores its abort, but keeps the object locked until it returns", async () => {
    const calls: string[] = [];
    let release = (): void => {};
    const { clock, controller, metrics, queue, results } = aController(async ({ key }) => {
      calls.push(key);
      if (key === "stubborn" && calls.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return done();
    });
    queue.add("stubborn", "edit");
    queue.add("other", "edit");
    await clock.advance(1_000);
    expect(calls).toEqual(["stubborn", "other"]);
    queue.add("stubborn", "edit");
    await clock.advance(5_000);
    expect(calls).toEqual(["stubborn", "other"]);
    expect(controller.longestOverrunMs()).toBe(5_000);
    release();
    await clock.advance(5);
    expect(calls).toEqual(["stubborn", "other", "stubborn"]);
    expect([results("error"), metrics.value("reconcile_timeouts_total", { controller: "c" })]).toEqual([1, 1]);
    expect(controller.longestOverrunMs()).toBe(0);
  });

  it("does not look at an object again before its own write is in the cache", async () => {
    let calls = 0;
    const { queue, store } = aController(
      async ({ client }) => {
        calls++;
        if (calls === 1) await client.apply(Widgets, { metadata: { name: "a", namespace: "ns" } });
        return done();
      },
      { writes: clientThatWrites(7) },
    );
    queue.add("ns/a", "edit");
    await settle();
    queue.add("ns/a", "edit");
    await settle();
    expect(calls).toBe(1);
    const metadata = { name: "a", namespace: "ns", uid: "u", resourceVersion: "7" };
    store.ingest({ kind: "changed", object: { apiVersion: "test.io/v1", kind: "Widget", metadata } });
    await settle();
    expect(calls).toBe(2);
  });

  it("stops waiting for its own write after 5 s and counts that", async () => {
    let calls = 0;
    const { clock, metrics, queue } = aController(
      async ({ client }) => {
        calls++;
        await client.apply(Widgets, { metadata: { name: "a", namespace: "ns" } });
        return done();
      },
      { writes: clientThatWrites(7) },
    );
    queue.add("ns/a", "edit");
    await settle();
    queue.add("ns/a", "edit");
    await clock.advance(4_999);
    expect(calls).toBe(1);
    await clock.advance(1);
    expect(calls).toBe(2);
    expect(metrics.value("own_write_echo_timeouts_total", { controller: "c" })).toBe(1);
  });

  it("finishes what runs when it stops, and takes nothing new", async () => {
    let release = (): void => {};
    const calls: string[] = [];
    const { controller, queue } = aController(async ({ key }) => {
      calls.push(key);
      await new Promise<void>((resolve) => (release = resolve));
      return done();
    });
    queue.add("a", "edit");
    queue.add("b", "edit");
    await settle();
    controller.stop();
    let drained = false;
    void controller.drain().then(() => (drained = true));
    await settle();
    expect(drained).toBe(false);
    release();
    await settle();
    expect(drained).toBe(true);
    expect(calls).toEqual(["a"]);
  });

  it("counts a call that was aborted by the stop neither as success nor as error", async () => {
    const { controller, metrics, queue, results } = aController(async ({ signal }) => {
      await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      return done();
    });
    queue.add("a", "edit");
    await settle();
    controller.stop();
    controller.interrupt(new Error("stop"));
    await controller.drain();
    expect([results("success"), results("error"), results("requeue_after")]).toEqual([0, 0, 0]);
    expect(metrics.value("reconcile_errors_total", { controller: "c", code: "bug" })).toBe(0);
  });

  it("hands the keys of interrupted calls out again, and goes on with a fresh signal", async () => {
    const signals: AbortSignal[] = [];
    const { controller, queue, results } = aController(async ({ signal }) => {
      signals.push(signal);
      if (signals.length === 1)
        await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      return done();
    });
    queue.add("a", "edit");
    await settle();
    controller.interrupt(new Error("another leads"));
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect([results("success"), results("error")]).toEqual([1, 0]);
  });

  it("counts who gave up apart from who failed, and who waits as neither", async () => {
    const errors = [new PermanentError("no"), new TemporaryError("soon"), new TypeError("bug")];
    const { metrics, queue, results } = aController(async () => {
      throw errors.shift();
    });
    for (const key of ["a", "b", "c"]) queue.add(key, "edit");
    await settle();
    expect([results("error"), results("requeue_after")]).toEqual([2, 1]);
    const value = (name: string, labels = {}): number => metrics.value(name, { controller: "c", ...labels });
    expect(value("terminal_reconcile_errors_total")).toBe(1);
    expect([value("reconcile_errors_total", { code: "KOPF_PERMANENT" }), value("reconcile_errors_total", { code: "bug" })]).toEqual([1, 1]);
    expect(value("reconcile_errors_total", { code: "KOPF_TEMPORARY" })).toBe(0);
    expect([value("max_concurrent_reconciles"), value("active_workers"), value("reconcile_time_seconds")]).toEqual([1, 0, 3]);
  });
});
