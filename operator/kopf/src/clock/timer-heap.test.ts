import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createTimerHeap } from "./timer-heap.js";

describe("timer heap", () => {
  it("fires everything that was not cancelled, in order of due time, and uses one timer of the clock", async () => {
    const timer = fc.record({ delayMs: fc.integer({ min: 0, max: 1000 }), cancelled: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(timer, { maxLength: 200 }), async (timers) => {
        const clock = createManualClock();
        const heap = createTimerHeap(clock);
        const fired: number[] = [];
        const cancels = timers.map(({ delayMs }, index) => heap.schedule(delayMs, () => fired.push(index)));
        timers.forEach(({ cancelled }, index) => cancelled && cancels[index]?.());
        expect(clock.pending).toBeLessThanOrEqual(1);
        await clock.advance(1000);
        const expected = timers
          .map(({ delayMs, cancelled }, index) => ({ delayMs, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index)
          .map(({ index }) => index);
        expect(fired).toEqual(expected);
        expect(heap.size).toBe(0);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("lets a callback schedule and cancel", async () => {
    const clock = createManualClock();
    const heap = createTimerHeap(clock);
    const fired: string[] = [];
    const cancel = heap.schedule(20, () => fired.push("cancelled"));
    heap.schedule(10, () => {
      cancel();
      heap.schedule(5, () => fired.push("nested"));
    });
    await clock.advance(30);
    expect(fired).toEqual(["nested"]);
  });
});
