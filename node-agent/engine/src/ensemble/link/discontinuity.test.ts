import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { FloorFilter } from "./floor-filter.js";
import { type Finding, frequencyEventVariance, inflate } from "./discontinuity.js";
import { LinkFilter } from "./link-filter.js";

/** One second of packets: what happens to offset, rate and floors from packet 400 on. */
function kindAfter(change: { offset?: number; rate?: number; local?: number; remote?: number }): {
  kind: string | null;
  error: number;
  events: number;
} {
  const random = createRandom(11, 1);
  const filter = new LinkFilter(1, 5000, 1);
  let truth = 0;
  for (let i = 0; i < 500; i++) {
    const after = i >= 400;
    const raw = 1000 + i;
    truth = 300 * i + (after ? (change.offset ?? 0) + (change.rate ?? 0) * (i - 400) : 0);
    filter.observe({
      direction: 1,
      value: -truth + 20_000 + (after ? (change.remote ?? 0) : 0) + 500 * random.exponential(),
      raw,
      hardMin: 0,
      resolution: 1,
    });
    filter.observe({
      direction: 0,
      value: truth + 20_000 + (after ? (change.local ?? 0) : 0) + 500 * random.exponential(),
      raw,
      hardMin: 0,
      resolution: 1,
    });
  }
  return { kind: filter.lastEvent, error: Math.abs(filter.offset - truth), events: filter.events };
}

test.each([
  [{ offset: 15_000 }, "step"],
  [{ offset: -15_000 }, "step"],
  [{ rate: 1500 }, "frequency"],
  [{ local: 20_000, remote: 20_000 }, "route"],
  [{ local: 20_000 }, "routeToLocal"],
  [{ remote: 20_000 }, "routeToRemote"],
])("%o is recognised as %s", (change, kind) => {
  const found = kindAfter(change);
  expect(found.kind).toBe(kind);
  expect(found.error).toBeLessThan(300);
});

test("nothing happens when nothing happened", () => {
  expect(kindAfter({}).events).toBe(0);
});

test("equal and opposite floor changes are a step, never a negative delay", () => {
  const found = kindAfter({ local: 1e6, remote: -1e6 });
  expect(["step", "stepAndFrequency", "lost"]).toContain(found.kind);
});

test("a frequency that changed before the packet that shows it has moved the offset since", () => {
  const filter = new FloorFilter(0);
  const finding: Finding = {
    hypothesis: { kind: "frequency", prior: 0, rate: true },
    kind: "frequency",
    at: 0,
    lead: 2,
    jumpToLocal: 0,
    jumpToRemote: 0,
    variance: 0,
  };
  inflate(filter, finding);
  const [offset = 0, together = 0, , , rate = 0] = filter.covariance;
  expect(rate).toBe(frequencyEventVariance);
  // Uniform between nothing and two seconds: means of the time and of its square.
  expect(together).toBeCloseTo(frequencyEventVariance, 0);
  expect(offset).toBeCloseTo((frequencyEventVariance * 4) / 3, 0);
});
