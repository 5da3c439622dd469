import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StatusBudget } from "./status-budget.js";

function aBudget() {
  let now = 1_000_000;
  const budget = new StatusBudget(() => now, undefined, { worse: { perSecond: 10, burst: 5 }, other: { perSecond: 2, burst: 1 } });
  return { budget, wait: (ms: number) => (now += ms), now: () => now };
}

describe("the budget of status writes", () => {
  it("lets a burst pass and then keeps its pace", () => {
    const { budget } = aBudget();
    const waits = Array.from({ length: 8 }, (_, node) => budget.book(`n${String(node)}`, "worse"));
    expect(waits).toEqual([0, 0, 0, 0, 0, 100, 200, 300]);
  });

  it("keeps a key's place for as long as it waits, whatever else comes", () => {
    const { budget, wait } = aBudget();
    for (let node = 0; node < 6; node += 1) budget.book(`n${String(node)}`, "worse");
    for (let node = 6; node < 50; node += 1) budget.book(`n${String(node)}`, "worse");
    wait(99);
    expect(budget.book("n5", "worse")).toBe(1);
    wait(1);
    expect(budget.book("n5", "worse")).toBe(0);
  });

  it("does not let better news hold up worse news", () => {
    const { budget } = aBudget();
    for (let node = 0; node < 100; node += 1) budget.book(`n${String(node)}`, "other");
    expect(budget.book("bad", "worse")).toBe(0);
    expect(budget.book("n99", "worse")).toBe(0);
  });

  it("forgets a key that has nothing to say any more", () => {
    const { budget } = aBudget();
    budget.book("a", "other");
    budget.book("b", "other");
    expect(budget.waiting).toBe(1);
    budget.cancel("b");
    expect(budget.waiting).toBe(0);
  });

  it("never exceeds burst + pace in any span, for any order of requests", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 9 })), { maxLength: 200 }), (steps) => {
        const { budget, now, wait } = aBudget();
        const written: number[] = [];
        for (const [ms, node] of steps) {
          wait(ms);
          if (budget.book(`n${String(node)}`, "worse") === 0) written.push(now());
        }
        for (const [from, start] of written.entries())
          for (const [to, end] of written.entries())
            if (to >= from) expect(to - from + 1).toBeLessThanOrEqual(5 + ((end - start) * 10) / 1000 + 1);
      }),
    );
  });
});
