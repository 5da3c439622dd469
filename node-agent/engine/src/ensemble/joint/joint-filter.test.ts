import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { linkSettings } from "../link/link-settings.js";
import { NoiseLaw } from "../link/noise-law.js";
import { JointFilter } from "./joint-filter.js";

const law = () => new NoiseLaw(1000, linkSettings.shapes[0]!, linkSettings, 1);
const prior = {
  local: 0,
  remote: null,
  floor: 5000,
  floorVariance: 4e6,
  asymmetry: 50,
  asymmetryTime: 1e5,
  remoteError: 0,
  remoteErrorTime: 100,
};

function run(links: readonly string[], seconds: number, seed: number, asymmetry = prior.asymmetry): { filter: JointFilter; truth: number } {
  const random = createRandom(seed, 1);
  const filter = new JointFilter();
  filter.wanders[0] = 1;
  filter.start(0, null, 0, 0, 1e6, 1e4);
  for (const link of links) filter.add(link, { ...prior, asymmetry });
  let truth = 0;
  let rate = 0;
  for (let i = 0; i < seconds; i++) {
    rate += random.normal();
    truth += rate;
    filter.predict(1);
    for (const link of links) {
      filter.update(link, true, -truth + 5000 + 1000 * random.exponential(), law());
      filter.update(link, false, truth + 5000 + 1000 * random.exponential(), law());
    }
  }
  return { filter, truth };
}

function rms(links: readonly string[]): { real: number; claimed: number } {
  let squares = 0;
  let claimed = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const { filter, truth } = run(links, 200, seed);
    squares += (filter.offset(0) - truth) ** 2;
    claimed += filter.offsetVariance(0);
  }
  return { real: Math.sqrt(squares / 30), claimed: Math.sqrt(claimed / 30) };
}

test("four links are better than one, and both claims are honest", () => {
  const one = rms(["a"]);
  const four = rms(["a", "b", "c", "d"]);
  expect(four.real).toBeLessThan(0.75 * one.real);
  expect(one.real / one.claimed).toBeLessThan(1.4);
  expect(four.real / four.claimed).toBeLessThan(1.4);
});

test("beside asymmetry is claimed what links without any would claim, however large it may be", () => {
  const exact = run(["a", "b", "c"], 400, 3, 0).filter.besideAsymmetry(0);
  for (const asymmetry of [10, 1000]) {
    const { filter } = run(["a", "b", "c"], 400, 3, asymmetry);
    const beside = filter.besideAsymmetry(0);
    expect(filter.offsetVariance(0) - beside.offset).toBeGreaterThan(0.2 * asymmetry ** 2);
    for (const share of [beside.offset / exact.offset, beside.shared / exact.shared, beside.rate / exact.rate])
      expect(Math.abs(Math.log(share))).toBeLessThan(0.2);
  }
});

test("without asymmetries there is nothing to take out of a claim", () => {
  const { filter } = run(["a", "b"], 50, 1, 0);
  const claimed = { offset: filter.offsetVariance(0), shared: filter.offsetRate(0), rate: filter.rateVariance(0) };
  expect(filter.besideAsymmetry(0)).toEqual(claimed);
});

test("a link that leaves takes only its own states with it", () => {
  const { filter } = run(["a", "b", "c"], 50, 1);
  const before = [filter.offset(0), filter.rate(0), filter.offsetVariance(0)];
  filter.remove("b");
  expect([filter.offset(0), filter.rate(0), filter.offsetVariance(0)]).toEqual(before);
  expect(filter.has("b")).toBe(false);
  expect(filter.update("b", false, 1, law())).toBe(0);
  filter.update("c", false, 5000, law());
  expect(Number.isFinite(filter.offset(0))).toBe(true);
});

test("grows beyond its first capacity", () => {
  const many = Array.from({ length: 20 }, (_, i) => `l${i}`);
  const { filter, truth } = run(many, 50, 2);
  expect(Math.abs(filter.offset(0) - truth)).toBeLessThan(500);
});

test("the error of a remote that knows its own is carried in the claim", () => {
  const filter = new JointFilter();
  filter.wanders[0] = 1;
  filter.start(0, null, 0, 0, 1e6, 1e4);
  filter.add("a", { ...prior, asymmetry: 0, remoteError: 500, remoteErrorTime: 50 });
  const random = createRandom(1, 3);
  for (let i = 0; i < 500; i++) {
    filter.predict(1);
    filter.update("a", true, 5000 + 10 * random.exponential(), new NoiseLaw(10, linkSettings.shapes[0]!, linkSettings, 1));
    filter.update("a", false, 5000 + 10 * random.exponential(), new NoiseLaw(10, linkSettings.shapes[0]!, linkSettings, 1));
  }
  const claimed = Math.sqrt(filter.offsetVariance(0));
  expect(claimed).toBeGreaterThan(30);
  expect(claimed).toBeLessThan(500);
});

test("what one clock learns reaches the other through what is known of their difference", () => {
  const filter = new JointFilter(2);
  filter.start(0, null, 0, 0, 1e6, 100);
  filter.start(1, 0, 5000, 0, 100, 1);
  filter.add("reference", { ...prior, asymmetry: 0 });
  const before = filter.offsetVariance(1);
  const random = createRandom(1, 4);
  for (let i = 0; i < 200; i++) {
    filter.update("reference", false, 300 + 5000 + 1000 * random.exponential(), law());
    filter.update("reference", true, -300 + 5000 + 1000 * random.exponential(), law());
  }
  expect(filter.offsetVariance(1)).toBeLessThan(before / 10);
  expect(Math.abs(filter.offset(1) - filter.offset(0) - 5000)).toBeLessThan(50);
  expect(Math.abs(filter.offset(1) - 5300)).toBeLessThan(300);
});

test("a comparison of two clocks says nothing of either's offset, and much of their difference", () => {
  const filter = new JointFilter(2);
  filter.start(0, null, 0, 0, 1e6, 100);
  filter.start(1, null, 0, 0, 1e6, 100);
  filter.add("comparison", { ...prior, local: 1, remote: 0, asymmetry: 0 });
  const random = createRandom(1, 5);
  for (let i = 0; i < 100; i++) {
    filter.update("comparison", false, 700 + 5000 + 100 * random.exponential(), law());
    filter.update("comparison", true, -700 + 5000 + 100 * random.exponential(), law());
  }
  expect(Math.abs(filter.offset(1) - filter.offset(0) - 700)).toBeLessThan(200);
  expect(filter.offsetVariance(0)).toBeGreaterThan(4e5);
});

test("what is opened of the offset takes the rate that goes with it along", () => {
  const { filter } = run(["a"], 200, 1);
  const [offsetVariance, offsetRate, rateVariance] = [filter.offsetVariance(0), filter.offsetRate(0), filter.rateVariance(0)];
  filter.open(0, 1e6, 4);
  const together = offsetRate / offsetVariance;
  expect(together).toBeGreaterThan(0);
  expect(filter.offsetRate(0) / filter.offsetVariance(0)).toBeCloseTo(together, 9);
  expect(filter.rateVariance(0) - rateVariance).toBeCloseTo(together ** 2 * 1e6 + 4, 6);
});

test("a link whose asymmetry begins to be doubted claims its offset worse by that, and its packets as well as before", () => {
  const alone = new JointFilter();
  alone.start(0, null, 0, 0, 1e6, 1e4);
  alone.add("a", { ...prior, asymmetry: 0 });
  const before = alone.offsetVariance(0);
  alone.doubtSymmetry("a", 100);
  expect(alone.offsetVariance(0)).toBeCloseTo(before + 1e4, 6);
  alone.add("b", { ...prior, asymmetry: 1 });
  for (let i = 0; i < 200; i++) alone.update("b", i % 2 === 0, 5000 + 1000, law());
  // The exact one teaches the offset, and with it what the other's asymmetry is.
  expect(alone.offsetVariance(0)).toBeLessThan(1e4);
});
