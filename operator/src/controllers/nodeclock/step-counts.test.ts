import { expect, it } from "vitest";
import { aReport, aView } from "../../testing/an-agent.js";
import { StepCounts } from "./step-counts.js";

it("tells each step of a clock once, over restarts of the agent too", () => {
  const counts = new StepCounts();
  const see = (instance: string, steps: number) => counts.observe("n", aView({ instance, report: aReport({ steps }) }))?.note ?? null;
  expect(counts.observe("n", undefined)).toBeNull();
  expect(see("one", 0)).toBeNull();
  expect(see("one", 1)).toBe("the agent stepped the node's clock once");
  expect(see("one", 1)).toBeNull();
  expect(see("two", 2)).toBe("the agent stepped the node's clock 2 times");
  expect(see("two", 2)).toBeNull();
});

it("does not tell again after a failover what happened before it", () => {
  expect(new StepCounts().observe("n", aView({ report: aReport({ steps: 3 }) }))).toBeNull();
});
