import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { CorrelationTime } from "./correlation-time.js";

function measure(keep: number, seed: number): number {
  const random = createRandom(seed, 1);
  const correlation = new CorrelationTime();
  let z = 0;
  for (let i = 0; i < 6000; i++) {
    z = keep * z + Math.sqrt(1 - keep * keep) * random.normal();
    correlation.observe({ sum: 1000 * Math.exp(0.5 * z) });
  }
  return correlation.packets;
}

test("is exactly one for independent packets", () => {
  for (let seed = 1; seed <= 10; seed++) expect(measure(0, seed)).toBe(1);
});

test("finds a correlation of about twenty packets within a factor of three", () => {
  const packets = measure(0.9, 1);
  expect(packets).toBeGreaterThan(19 / 3);
  expect(packets).toBeLessThan(19 * 3);
});

test("does not take independent packets for one another for ever because the first few were alike", () => {
  for (let seed = 1; seed <= 3000; seed++) {
    const random = createRandom(seed, 1);
    const correlation = new CorrelationTime();
    for (let i = 0; i < 600; i++) {
      const sum = 12_000 - 1000 * Math.log(random.uniform()) - 1000 * Math.log(random.uniform());
      correlation.observe({ sum });
    }
    expect(correlation.packets).toBeLessThan(10);
  }
});

test("a short look that hints at correlation is enough for a bound, not for a filter", () => {
  let [hinted, shown, wrong] = [0, 0, 0];
  for (let seed = 1; seed <= 100; seed++) {
    const random = createRandom(seed, 1);
    const [alike, apart] = [new CorrelationTime(), new CorrelationTime()];
    let z = 0;
    for (let i = 0; i < 32; i++) {
      z = 0.9 * z + Math.sqrt(1 - 0.81) * random.normal();
      alike.observe({ sum: 1000 * Math.exp(0.5 * z) });
      apart.observe({ sum: 1000 * random.exponential() });
    }
    expect(alike.perhaps).toBeGreaterThanOrEqual(alike.packets);
    if (alike.perhaps > 3) hinted++;
    if (alike.packets > 3) shown++;
    if (apart.perhaps > 3) wrong++;
  }
  expect(hinted).toBeGreaterThan(60);
  expect(shown).toBeLessThan(30);
  expect(wrong).toBeLessThan(10);
});
