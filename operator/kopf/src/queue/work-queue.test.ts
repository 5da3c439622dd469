import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTimerHeap } from "../clock/timer-heap.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { createManualClock, settle } from "../testing/manual-clock.js";
import { createRecordingMetrics } from "../testing/recording-metrics.js";
import { type Lane, lanes } from "./lane.js";
import { createWorkQueue, type WorkQueue } from "./work-queue.js";

function aQueue(metrics = noMetrics(), mayTake = () => true) {
  const clock = createManualClock();
  const queue = createWorkQueue({ name: "test", clock, timers: createTimerHeap(clock), instruments: createInstruments(metrics), mayTake });
  return { clock, queue };
}

/** Takes all ready keys, in order, without finishing them. */
async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = [];
  while (queue.depth > 0) taken.push((await queue.next()) as string);
  return taken;
}

describe("work queue", () => {
  it("hands out a key once, however often it was added", async () => {
    const { queue } = aQueue();
    for (let i = 0; i < 3; i++) queue.add("a", "edit");
    expect(await takeAll(queue)).toEqual(["a"]);
  });

  it("hands out a key once more when it was added while a worker had it", async () => {
    const { queue } = aQueue();
    queue.add("a", "edit");
    await queue.next();
    queue.add("a", "resync");
    queue.add("a", "resync");
    expect(queue.depth).toBe(0);
    queue.done("a");
    expect(await takeAll(queue)).toEqual(["a"]);
    queue.done("a");
    expect(queue.has("a")).toBe(false);
  });

  it("serves edits before derived changes before a resync, and moves a waiting key up but never down", async () => {
    const { queue } = aQueue();
    queue.add("old", "resync");
    queue.add("child", "derived");
    queue.add("promoted", "resync");
    queue.add("user", "edit");
    queue.add("promoted", "edit");
    queue.add("user", "resync");
    expect(await takeAll(queue)).toEqual(["user", "promoted", "child", "old"]);
  });

  it("gives a key that is added to a worker that already waits", async () => {
    const { queue } = aQueue();
    const next = queue.next();
    queue.add("a", "edit");
    expect(await next).toBe("a");
  });

  it("keeps keys, once each, while they may not be taken, and hands them to waiting workers in order once they may", async () => {
    let mayTake = false;
    const { clock, queue } = aQueue(noMetrics(), () => mayTake);
    const first = queue.next();
    queue.addAfter("later", 10, "edit");
    for (const key of ["a", "b", "a"]) queue.add(key, "resync");
    await clock.advance(20);
    expect([queue.depth, queue.has("a"), queue.has("later")]).toEqual([0, true, true]);
    mayTake = true;
    queue.gather();
    queue.add("a", "resync");
    expect(queue.depth).toBe(3);
    queue.wake();
    expect(await first).toBe("later");
    expect(await takeAll(queue)).toEqual(["a", "b"]);
  });

  it("shows nothing of what it holds back, for as long as it does, and holds back ten thousand keys at most", async () => {
    let mayTake = true;
    const metrics = createRecordingMetrics();
    const { clock, queue } = aQueue(metrics, () => mayTake);
    const value = (name: string): number => metrics.value(`workqueue_${name}`, { name: "test" });
    queue.add("ready", "edit");
    queue.addAfter("delayed", 10, "edit");
    mayTake = false;
    queue.rest();
    await clock.advance(20);
    for (let index = 0; index < 9_999; index++) queue.add(`${index}`, "derived");
    queue.measure();
    expect([value("depth"), queue.depth, value("adds_total"), value("queue_duration_seconds")]).toEqual([0, 0, 1, 0]);
    mayTake = true;
    queue.gather();
    queue.wake();
    expect([queue.depth, queue.has("ready"), queue.has("delayed")]).toEqual([10_000, false, true]);
    expect([value("depth"), await queue.next()]).toEqual([10_000, "delayed"]);
  });

  it("does not hold back what is added again anyway before it is woken", async () => {
    const clock = createManualClock();
    const comesAgain = (key: string): boolean => key.startsWith("known");
    const timers = createTimerHeap(clock);
    const queue = createWorkQueue({
      name: "test",
      clock,
      timers,
      instruments: createInstruments(noMetrics()),
      mayTake: () => false,
      comesAgain,
    });
    for (const key of ["known 1", "other"]) queue.add(key, "edit");
    expect(["known 1", "other"].map((key) => queue.has(key))).toEqual([false, true]);
  });

  it("forgets on demand what no worker has", async () => {
    const { clock, queue } = aQueue();
    queue.add("with a worker", "edit");
    await queue.next();
    queue.add("ready", "edit");
    queue.addAfter("delayed", 10, "edit");
    queue.clear();
    await clock.advance(20);
    expect([queue.depth, queue.has("ready"), queue.has("delayed"), queue.has("with a worker")]).toEqual([0, false, false, true]);
    expect(clock.pending).toBe(0);
  });

  it("measures how long keys have been with workers", async () => {
    const metrics = createRecordingMetrics();
    const { clock, queue } = aQueue(metrics);
    const value = (name: string): number => metrics.value(`workqueue_${name}`, { name: "test" });
    queue.add("a", "edit");
    await queue.next();
    await clock.advance(3_000);
    queue.add("b", "edit");
    await queue.next();
    await clock.advance(1_000);
    queue.measure();
    expect([value("unfinished_work_seconds"), value("longest_running_processor_seconds")]).toEqual([5, 4]);
    queue.done("a");
    queue.measure();
    expect([value("unfinished_work_seconds"), value("work_duration_seconds")]).toEqual([1, 1]);
  });

  it("doubles the wait of a failing key from 5 ms up to a minute and starts over once it is forgotten", async () => {
    const { clock, queue } = aQueue();
    const waits: number[] = [];
    for (let failure = 0; failure < 16; failure++) {
      const before = clock.now();
      queue.retry("a");
      while (queue.depth === 0) await clock.advance(5);
      waits.push(clock.now() - before);
      await takeAll(queue);
      queue.done("a");
    }
    expect(waits.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(waits.at(-1)).toBe(60_000);
    queue.forget("a");
    queue.retry("a");
    await clock.advance(5);
    expect(queue.depth).toBe(1);
  });

  it("lets a hundred retries pass and then ten per second, while changes are never held back", async () => {
    const { clock, queue } = aQueue();
    for (let i = 0; i < 130; i++) queue.retry(`failing-${i}`);
    await clock.advance(5);
    expect(await takeAll(queue)).toHaveLength(100);
    queue.add("changed", "edit");
    expect(await takeAll(queue)).toEqual(["changed"]);
    await clock.advance(1000);
    expect((await takeAll(queue)).length).toBe(10);
  });

  it("takes the earliest of several delays, and an immediate add replaces them all", async () => {
    const { clock, queue } = aQueue();
    queue.addAfter("a", 500, "derived");
    queue.addAfter("a", 100, "derived");
    queue.addAfter("a", 900, "derived");
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await takeAll(queue)).toEqual(["a"]);
    queue.done("a");
    queue.addAfter("a", 100, "derived");
    queue.add("a", "edit");
    await takeAll(queue);
    queue.done("a");
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
  });

  it("keeps a key that was added again before its worker asked for a later look", async () => {
    const { queue } = aQueue();
    queue.add("a", "edit");
    await queue.next();
    queue.add("a", "edit");
    queue.addAfter("a", 60_000, "derived");
    queue.done("a");
    expect(await takeAll(queue)).toEqual(["a"]);
  });

  it("releases waiting workers when it closes and drops what comes later", async () => {
    const { clock, queue } = aQueue();
    const next = queue.next();
    queue.addAfter("late", 10, "edit");
    queue.close();
    expect(await next).toBeUndefined();
    queue.add("later", "edit");
    await clock.advance(100);
    expect(await queue.next()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("reports its depth, adds and retries", async () => {
    const metrics = createRecordingMetrics();
    const { clock, queue } = aQueue(metrics);
    queue.add("a", "edit");
    queue.add("a", "edit");
    queue.retry("b");
    await clock.advance(10);
    expect(metrics.value("workqueue_depth", { name: "test" })).toBe(2);
    expect(metrics.value("workqueue_adds_total", { name: "test" })).toBe(2);
    expect(metrics.value("workqueue_retries_total", { name: "test" })).toBe(1);
  });

  it("never gives one key to two workers, loses nothing, and never serves a lower lane first", async () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e");
    const lane = fc.constantFrom<Lane>(...lanes);
    const step = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), key, lane }),
      fc.record({ kind: fc.constant("later" as const), key, lane, delayMs: fc.integer({ min: 0, max: 200 }) }),
      fc.record({ kind: fc.constant("retry" as const), key }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("finish" as const), key }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, queue } = aQueue();
        const busy = new Set<string>();
        /** Keys asked for since they were last handed out. */
        const owed = new Set<string>();
        /** Best lane in which a key certainly waits now. */
        const waits = new Map<string, number>();
        /** Keys that a delay may have brought to a better lane than `waits` knows of. */
        const delayed = new Set<string>();
        const take = async (): Promise<void> => {
          const taken = (await queue.next()) as string;
          expect(busy.has(taken)).toBe(false);
          const best = Math.min(...waits.values());
          if (waits.has(taken) && !delayed.has(taken)) expect(waits.get(taken)).toBeLessThanOrEqual(best);
          busy.add(taken);
          owed.delete(taken);
          waits.delete(taken);
          delayed.delete(taken);
        };
        for (const action of steps) {
          switch (action.kind) {
            case "add":
              queue.add(action.key, action.lane);
              owed.add(action.key);
              if (!busy.has(action.key)) waits.set(action.key, Math.min(lanes.indexOf(action.lane), waits.get(action.key) ?? 9));
              break;
            case "later":
              queue.addAfter(action.key, action.delayMs, action.lane);
              owed.add(action.key);
              delayed.add(action.key);
              break;
            case "retry":
              queue.retry(action.key);
              owed.add(action.key);
              delayed.add(action.key);
              break;
            case "wait":
              await clock.advance(action.ms);
              break;
            case "take":
              if (queue.depth > 0) await take();
              break;
            case "finish":
              if (busy.delete(action.key)) queue.done(action.key);
              break;
          }
        }
        // Whatever was asked for is handed out in the end.
        for (let round = 0; round < 20; round++) {
          for (const key of busy) queue.done(key);
          busy.clear();
          await clock.advance(20_000);
          waits.clear();
          while (queue.depth > 0) await take();
        }
        expect([...owed]).toEqual([]);
      }),
      { numRuns: 300 },
    );
    await settle();
  });
});
