import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StatusBudget } from "./status-budget.js";

function aBudget() {
  let now = 1_000_000;
  const told: number[] = [];
  const paces = { worse: { perSecond: 10, burst: 5 }, other: { perSecond: 2, burst: 1 } };
  const budget = new StatusBudget(
    () => now,
    (waiting) => told.push(waiting),
    paces,
  );
  return { budget, told, wait: (ms: number) => (now += ms), now: () => now };
}
const nodes = (count: number) => Array.from({ length: count }, (_, node) => `n${String(node)}`);

describe("the budget of status writes", () => {
  it("lets a burst pass and then keeps its pace", () => {
    const { budget } = aBudget();
    expect(nodes(8).map((node) => budget.book(node, "worse"))).toEqual([0, 0, 0, 0, 0, 100, 200, 300]);
  });

  it("writes everybody in the time that the pace allows, when each asks again as told", () => {
    const { budget, now, wait } = aBudget();
    const due = new Map(nodes(105).map((node) => [node, now()]));
    const start = now();
    let last = start;
    while (due.size > 0) {
      for (const [node, at] of due) {
        if (at > now()) continue;
        const waitMs = budget.book(node, "worse");
        if (waitMs === 0) {
          due.delete(node);
          last = now();
        } else due.set(node, now() + waitMs);
      }
      wait(10);
    }
    expect(last - start).toBeGreaterThanOrEqual(9_900);
    expect(last - start).toBeLessThan(11_000);
    expect(budget.waiting).toBe(0);
  });

  it("does not let better news hold up worse news", () => {
    const { budget } = aBudget();
    for (const node of nodes(100)) budget.book(node, "other");
    expect(budget.book("bad", "worse")).toBe(0);
    expect(budget.book("n99", "worse")).toBe(0);
    expect(budget.waiting).toBe(98);
  });

  it("charges nothing for what needs no write any more, however often thousands change their mind", () => {
    const { budget, wait } = aBudget();
    for (let round = 0; round < 10; round += 1) {
      for (const node of nodes(5000)) budget.book(node, "worse");
      for (const node of nodes(5000)) budget.cancel(node);
      wait(1000);
    }
    expect(budget.book("bad", "worse")).toBe(0);
  });

  it("forgets all who wait when the term ends", () => {
    const { budget, told } = aBudget();
    for (const node of nodes(20)) budget.book(node, "other");
    budget.clear();
    expect(budget.waiting).toBe(0);
    expect(told.at(-1)).toBe(0);
  });

  it("never exceeds burst + pace in any span, for any order of requests and cancellations", () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 9 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { budget, now, wait } = aBudget();
        const written: number[] = [];
        for (const [ms, node, cancels] of steps) {
          wait(ms);
          if (cancels) budget.cancel(`n${String(node)}`);
          else if (budget.book(`n${String(node)}`, "worse") === 0) written.push(now());
        }
        for (const [from, start] of written.entries())
          for (const [to, end] of written.entries())
            if (to >= from) expect(to - from + 1).toBeLessThanOrEqual(5 + ((end - start) * 10) / 1000 + 1e-6);
      }),
    );
  });
});
