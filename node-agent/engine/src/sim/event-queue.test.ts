import * as fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "./event-queue.js";

test("hands out in the order of time, at one instant in the order of asking", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (times) => {
      const queue = new EventQueue();
      const done: number[] = [];
      for (const [i, at] of times.entries()) queue.add(at, () => void done.push(i));
      for (let next = queue.take(9); next; next = queue.take(9)) next.run();
      const expected = [...times.keys()].sort((a, b) => times[a]! - times[b]! || a - b);
      expect(done).toEqual(expected);
    }),
  );
});

test("hands out nothing that is not due", () => {
  const queue = new EventQueue();
  queue.add(5, () => undefined);
  expect(queue.take(4.9)).toBeUndefined();
  expect(queue.take(5)?.at).toBe(5);
});
