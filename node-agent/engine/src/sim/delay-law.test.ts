import { describe, expect, it } from "vitest";
import {
  bursts,
  correlated,
  type DelayLaw,
  exponential,
  gamma3,
  gaussian,
  heavyTail,
  idleFloor,
  loadCycle,
  ramp,
  uniform,
} from "./delay-law.js";
import { createRandom } from "./random.js";

const count = 100_000;
const floor = 5000;

/** Packets one second apart, the first one at second 0. */
function draw(law: DelayLaw, length = count, seed = 1): number[] {
  const random = createRandom(seed, 1);
  const delay = law();
  return Array.from({ length }, (_, at) => delay(random, at));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
};

describe("moments against their formulas", () => {
  it.each<[string, DelayLaw, number, number, number]>([
    ["exponential", exponential(floor, 1000), 1000, 1000, 0],
    ["gaussian", gaussian(floor, 1000), 0, 1000, Number.NEGATIVE_INFINITY],
    ["uniform", uniform(floor, 1200), 600, 1200 / Math.sqrt(12), 0],
    ["gamma3", gamma3(floor, 900), 900, 900 / Math.sqrt(3), 0],
    // Variance of the tail: share · 2 tail² − (share · tail)².
    ["heavyTail", heavyTail(floor, 1000, 0.1, 5000), 1500, Math.sqrt(1000 ** 2 + 0.1 * 2 * 5000 ** 2 - 500 ** 2), 0],
    ["correlated, sparse against its correlation", correlated(floor, 1000, 0.1), 1000, 1000, 0],
    ["correlated", correlated(floor, 1000, 10), 1000, 1000, 0],
    ["ramp before it begins", ramp(floor, 1000, 5, 1e9, 2e9), 1000, 1000, 0],
  ])("%s", (_name, law, above, sigma, least) => {
    for (const seed of [1, 2]) {
      const values = draw(law, count, seed);
      expect(Math.abs(mean(values) - floor - above)).toBeLessThan(0.05 * sigma);
      expect(Math.abs(deviation(values) / sigma - 1)).toBeLessThan(0.06);
      expect(values.reduce((smallest, value) => Math.min(smallest, value), Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(floor + least);
    }
  });

  it("gaussian is below its floor half of the time", () => {
    const below = draw(gaussian(floor, 1000)).filter((value) => value < floor).length;
    expect(Math.abs(below / count - 0.5)).toBeLessThan(0.01);
  });

  it("correlated has an exponential tail: e^-3 of it is beyond three means", () => {
    const beyond = draw(correlated(floor, 1000, 3)).filter((value) => value > floor + 3000).length;
    expect(Math.abs(beyond / count / Math.exp(-3) - 1)).toBeLessThan(0.1);
  });
});

describe("correlated", () => {
  // Under the Gaussian copula the correlation of the exponentials is a little below that of the normals, e^(−lag/correlation).
  it.each([
    [1, 0.75, 0.91],
    [10, 0.25, 0.37],
    [100, -0.05, 0.05],
  ])("neighbours %i s apart at 10 s correlate by %d … %d", (lag, least, most) => {
    const values = draw(correlated(floor, 1000, 10));
    const middle = mean(values);
    const products = values.slice(lag).map((value, i) => (value - middle) * (values[i]! - middle));
    const correlation = mean(products) / deviation(values) ** 2;
    expect(correlation).toBeGreaterThan(least);
    expect(correlation).toBeLessThan(most);
  });

  it("remembers in each link of its own", () => {
    const law = correlated(floor, 1000, 10);
    expect(draw(law, 20)).toEqual(draw(law, 20));
  });
});

describe("ramp", () => {
  const quiet = (from: number, to: number, back?: number) => draw(ramp(floor, 0, 5, from, to, back), 60);

  it.each([
    [9, 0],
    [10, 0],
    [11, 5],
    [20, 50],
    [30, 50],
    [40, 50],
    [41, 45],
    [50, 0],
    [59, 0],
  ])("at second %i its floor is %d ns higher", (at, above) => {
    expect(quiet(10, 20, 40)[at]).toBe(floor + above);
  });

  it("stays up when it is not told to fall", () => {
    expect(quiet(10, 20)[59]).toBe(floor + 50);
  });
});

describe("load", () => {
  const cycle = { busy: 30, period: 100 };
  const partsOf = (law: DelayLaw) => {
    const values = draw(law);
    const above = (isBusy: boolean) => mean(values.filter((_, at) => at % 100 < 30 === isBusy)) - floor;
    return { busy: above(true), quiet: above(false) };
  };

  it("bursts queue a share of the packets while the link is busy, and none else", () => {
    const { busy, quiet } = partsOf(bursts(floor, 1000, 0.8, 50_000, cycle));
    expect(Math.abs(busy / 41_000 - 1)).toBeLessThan(0.04);
    expect(Math.abs(quiet / 1000 - 1)).toBeLessThan(0.04);
  });

  it("a load cycle changes the mean alone: its floor stays", () => {
    const { busy, quiet } = partsOf(loadCycle(floor, 1000, 7000, cycle));
    expect(Math.abs(busy / 7000 - 1)).toBeLessThan(0.04);
    expect(Math.abs(quiet / 1000 - 1)).toBeLessThan(0.04);
  });
});

describe("a floor of idle paths", () => {
  it.each([
    [1e-4, 0.01],
    [0.05, 0.5 * 4000],
    [10, 4000],
  ])("at packets %d s apart has risen by %d ns", (gap, rise) => {
    const delay = idleFloor(floor, 0, 4000, 0.05 / Math.LN2)();
    const random = createRandom(1, 1);
    expect(delay(random, 0)).toBe(floor + 4000);
    expect(Math.abs(delay(random, gap) - floor - rise)).toBeLessThan(10);
  });

  it("is that of its own path: another link's packets do not warm it", () => {
    const law = idleFloor(floor, 0, 4000, 1);
    const [one, other] = [law(), law()];
    const random = createRandom(1, 1);
    one(random, 0);
    expect(other(random, 1e-6)).toBe(floor + 4000);
  });
});

it.each<[string, DelayLaw]>([
  ["exponential", exponential(floor, 1)],
  ["heavyTail", heavyTail(floor, 1, 0.5, 10)],
  ["correlated", correlated(floor, 1, 5)],
])("%s: the same seed gives the same bits, another one others", (_name, law) => {
  expect(draw(law, 100)).toEqual(draw(law, 100));
  expect(draw(law, 100, 2)).not.toEqual(draw(law, 100));
});
