import { expect, test } from "vitest";
import { runJob } from "./fault-job.js";
import { faultScenarios } from "./scenarios.js";

test("there are fifteen scenarios, and every variant has a name of its own", () => {
  expect(faultScenarios.map(({ number }) => number)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  for (const { variants } of faultScenarios) expect(new Set(variants.map(({ name }) => name)).size).toBe(variants.length);
});

test.each([
  [10, "step.ptp"],
  [12, "one_step.switch"],
  [9, "failover.vanishes"],
])("scenario %d, %s: the same seed gives the same bits, another one does not", (scenario, variant) => {
  const once = runJob({ scenario, variant, seed: 1 });
  expect(runJob({ scenario, variant, seed: 1 })).toEqual(once);
  expect(runJob({ scenario, variant, seed: 2 })).not.toEqual(once);
});

test("a lone grandmaster's step of one and a half path delays leaves no look uncovered that is proven", () => {
  for (const variant of ["ptp.floor+10us.+15us", "ptp.floor+10us.-15us", "ptp.floor+1ms.+1.5ms"]) {
    const [event] = runJob({ scenario: 1, variant, seed: 1 });
    expect(event).toMatchObject({ guaranteedSamples: 0, mattered: true });
    expect(event?.calibratedPackets).toBeLessThanOrEqual(3);
    expect(event?.samples).toBeGreaterThan(1000);
  }
});
