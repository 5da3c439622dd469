import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { PairDetector } from "./pair-detector.js";

/** Difference with 40 ns of noise correlated over ten seconds, plus `lie` from second `begins` on; seconds until the alarm. */
function alarmAfter(lie: (seconds: number) => number, seed: number, length = 4000, begins = 2000): { after: number | null; why: string } {
  const random = createRandom(seed, 1);
  const pair = new PairDetector();
  let noise = 0;
  for (let t = 0; t < length; t++) {
    noise = 0.9 * noise + Math.sqrt(1 - 0.81) * 40 * random.normal();
    pair.observe(t, 200 + noise + (t < begins ? 0 : lie(t - begins)), 40, 20);
    if (pair.alarm !== null) return { after: t - begins, why: pair.why };
  }
  return { after: null, why: "" };
}

test("a constant difference is no disagreement", () => {
  for (let seed = 1; seed <= 40; seed++) expect(alarmAfter(() => 0, seed).after).toBeNull();
});

test("a jump of a microsecond is seen within five seconds", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { after, why } = alarmAfter(() => 1000, seed);
    expect(why).toBe("jump");
    expect(after).toBeLessThanOrEqual(5);
  }
});

test("a drift of 1 ns/s is seen within a quarter of an hour", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { after, why } = alarmAfter((t) => t, seed);
    expect(["drift", "jump"]).toContain(why);
    expect(after).toBeGreaterThan(0);
    expect(after).toBeLessThan(900);
  }
});

test("an alarm ends after ten quiet minutes", () => {
  const pair = new PairDetector();
  const random = createRandom(1, 1);
  const difference = (t: number) => 10 * random.normal() + (t >= 1000 && t < 1100 ? 5000 : 0);
  let alarmed = false;
  for (let t = 0; t < 4000; t++) {
    pair.observe(t, difference(t), 10, 4);
    if (pair.alarm !== null) alarmed = true;
  }
  expect(alarmed).toBe(true);
  expect(pair.alarm).toBeNull();
});

test("a drift of 10 ns/s does not hide behind what it teaches of noise", () => {
  for (let seed = 1; seed <= 20; seed++) expect(alarmAfter((t) => 10 * t, seed, 4000, 800).after).toBeLessThan(150);
});
