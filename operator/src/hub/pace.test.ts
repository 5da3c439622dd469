import { expect, it } from "vitest";
import { Pace } from "./pace.js";

it("lets a burst pass, then what comes back with time, for each on its own", () => {
  let now = 0;
  const pace = new Pace({ burst: 3, perSecond: 2, now: () => now });
  const take = (key: string, times: number) => Array.from({ length: times }, () => pace.take(key)).filter(Boolean).length;
  expect(take("a", 10)).toBe(3);
  expect(take("b", 10)).toBe(3);
  now = 1000;
  expect(take("a", 10)).toBe(2);
  now = 100_000;
  expect(take("a", 10)).toBe(3);
});

it("remembers no more than so many", () => {
  const pace = new Pace({ burst: 1, perSecond: 1, now: () => 0 });
  for (let key = 0; key < 100_000; key += 1) pace.take(`fd00::${String(key)}`);
  expect(pace.take("fd00::99999")).toBe(false);
});
