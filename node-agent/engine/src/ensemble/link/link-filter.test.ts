import { expect, test } from "vitest";
import { createRandom, type Random } from "../../sim/random.js";
import type { Interval } from "./causal-interval.js";
import { LinkFilter } from "./link-filter.js";

interface Track {
  readonly filter: LinkFilter;
  truth: number;
  raw: number;
}

function feed(track: Track, random: Random, seconds: number, rate: number, jitter: number): void {
  for (let i = 0; i < seconds; i++) {
    track.raw += 1;
    track.truth += rate;
    track.filter.observe({
      direction: 1,
      value: -track.truth + 5000 + jitter * random.exponential(),
      raw: track.raw,
      hardMin: 0,
      resolution: 1,
    });
    track.filter.observe({
      direction: 0,
      value: track.truth + 5000 + jitter * random.exponential(),
      raw: track.raw + 3e-4,
      hardMin: 0,
      resolution: 1,
    });
  }
}

function begin(maxDrift = 5000): Track {
  return { filter: new LinkFilter(1, maxDrift, 1), truth: 1e6, raw: 1000 };
}

test("starts after four exchanges and covers the truth from then on, over many seeds", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed, 2);
    const track = begin();
    feed(track, random, 3, 20_000, 1000);
    expect(track.filter.state).toBe("cold");
    feed(track, random, 1, 20_000, 1000);
    expect(track.filter.state).toBe("ready");
    for (let i = 0; i < 300; i++) {
      feed(track, random, 1, 20_000, 1000);
      const radius = track.filter.radiusAt(track.raw) ?? Number.POSITIVE_INFINITY;
      expect(Math.abs(track.filter.offsetAt(track.raw) - track.truth)).toBeLessThan(radius);
    }
    expect(track.filter.radiusAt(track.raw)).toBeLessThan(2000);
  }
});

test("the bound grows while nothing is heard", () => {
  const random = createRandom(1, 2);
  const track = begin();
  feed(track, random, 600, 20_000, 1000);
  const now = track.filter.radiusAt(track.raw) ?? 0;
  const later = track.filter.radiusAt(track.raw + 1000) ?? 0;
  expect(later).toBeGreaterThan(10 * now);
});

test("37 s are never swallowed: void at once, then followed", () => {
  const random = createRandom(2, 2);
  const track = begin();
  feed(track, random, 300, 0, 1000);
  track.truth += 37e9;
  feed(track, random, 1, 0, 1000);
  expect(track.filter.radiusAt(track.raw)).toBeNull();
  feed(track, random, 30, 0, 1000);
  expect(track.filter.losses + track.filter.jumps).toBeGreaterThan(0);
  expect(Math.abs(track.filter.offsetAt(track.raw) - track.truth)).toBeLessThan(3000);
});

test("one direction gives a rate and no phase", () => {
  const random = createRandom(3, 2);
  const filter = new LinkFilter(1, 5000, 1);
  for (let i = 0; i < 64; i++)
    filter.observe({ direction: 0, value: 700 * i + 5000 + 100 * random.exponential(), raw: 1000 + i, hardMin: 0, resolution: 1 });
  expect(filter.state).toBe("rateOnly");
  expect(Math.abs(filter.rate - 700)).toBeLessThan(20);
  expect(filter.radiusAt(1064)).toBeNull();
  for (let i = 64; i < 72; i++) {
    filter.observe({ direction: 0, value: 700 * i + 5000, raw: 1000 + i, hardMin: 0, resolution: 1 });
    filter.observe({ direction: 1, value: -700 * i + 5000, raw: 1000.1 + i, hardMin: 0, resolution: 1 });
  }
  expect(filter.state).toBe("ready");
});

test("correlated queueing widens the bound instead of being averaged away", () => {
  const random = createRandom(4, 2);
  const filter = new LinkFilter(1 / 16, 5000, 1);
  let z = 0;
  let outside = 0;
  for (let i = 0; i < 16 * 600; i++) {
    const keep = Math.exp(-1 / 16);
    z = keep * z + Math.sqrt(1 - keep * keep) * random.normal();
    const queue = 1000 * Math.log1p(Math.exp(1.5 * z));
    filter.observe({ direction: 0, value: 1000 + queue, raw: 1000 + i / 16, hardMin: 0, resolution: 1 });
    filter.observe({ direction: 1, value: 1000 + 1000 * random.exponential(), raw: 1000 + i / 16 + 0.01, hardMin: 0, resolution: 1 });
    if (i > 16 * 60 && Math.abs(filter.offset) > (filter.radiusAt(filter.raw) ?? Number.POSITIVE_INFINITY)) outside++;
  }
  expect(filter.shape.noise[0].correlation).toBeGreaterThan(2);
  expect(outside).toBe(0);
});

test("the estimate never leaves the proven interval", () => {
  const random = createRandom(5, 2);
  const track = begin();
  const proof: Interval = { low: 0, high: 0 };
  for (let i = 0; i < 500; i++) {
    feed(track, random, 1, i < 250 ? 1000 : 6000, i % 50 < 10 ? 200_000 : 300);
    if (track.filter.state !== "ready" || track.filter.isContradicted) continue;
    track.filter.proveAt(track.filter.raw, proof);
    expect(track.filter.offset).toBeGreaterThanOrEqual(proof.low - 1e-6);
    expect(track.filter.offset).toBeLessThanOrEqual(proof.high + 1e-6);
  }
});

/** A step of that many ns after 300 s of 100 ns jitter on paths of 5 µs each way; `odd`: a packet 30 ns too early before it. */
function stepped(seed: number, by: number, odd = false): { readonly track: Track; readonly random: Random } {
  const random = createRandom(seed, 2);
  const track = begin(100);
  feed(track, random, 300, 0, 100);
  if (odd) {
    track.filter.observe({ direction: 1, value: -track.truth + 5000 - 30, raw: track.raw + 0.5, hardMin: 0, resolution: 1 });
    feed(track, random, 3, 0, 100);
  }
  track.truth += by;
  return { track, random };
}

/** Contradicts nothing that was proven, and lies outside of it: more than one path delay, less than two. */
const between = [7500, -7500, 6000, -9000];

test.each(between)("a step of %d ns, more than a path's delay and less than two, is followed and proven", (by) => {
  for (let seed = 1; seed <= 10; seed++) {
    const { track, random } = stepped(seed, by);
    const proof: Interval = { low: 0, high: 0 };
    feed(track, random, 6, 0, 100);
    for (let i = 0; i < 60; i++) {
      feed(track, random, 1, 0, 100);
      track.filter.proveAt(track.raw, proof);
      expect(track.truth).toBeGreaterThan(proof.low);
      expect(track.truth).toBeLessThan(proof.high);
    }
    expect(Math.abs(track.filter.offsetAt(track.raw) - track.truth)).toBeLessThan(track.filter.radiusAt(track.raw) ?? 0);
    expect(track.filter.radiusAt(track.raw)).toBeLessThan(500);
  }
});

test("what was proven of the rate outlives a step", () => {
  const { track, random } = stepped(1, 7500);
  const before = track.filter.causal.highRate - track.filter.causal.lowRate;
  feed(track, random, 10, 0, 100);
  expect(track.filter.jumps).toBe(1);
  expect(track.filter.causal.highRate - track.filter.causal.lowRate).toBeLessThan(1.1 * before);
});

test.each([2000, 1000])("from the first packet on that came too early the bound covers a step of %d ns", (by) => {
  for (let seed = 1; seed <= 10; seed++) {
    const { track, random } = stepped(seed, by);
    const covered = (): boolean => {
      const radius = track.filter.radiusAt(track.raw) ?? Number.POSITIVE_INFINITY;
      return Math.abs(track.filter.offsetAt(track.raw) - track.truth) <= radius;
    };
    expect(covered()).toBe(false);
    for (let i = 0; i < 20; i++) {
      feed(track, random, 1, 0, 100);
      expect(covered()).toBe(true);
    }
    expect(track.filter.radiusAt(track.raw)).toBeLessThan(600);
  }
});

test("an odd packet just before a step does not make a route of it", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { track, random } = stepped(seed, 3000, true);
    feed(track, random, 30, 0, 100);
    expect(track.filter.asymmetry).toBeLessThan(100);
    expect(Math.abs(track.filter.offsetAt(track.raw) - track.truth)).toBeLessThan(track.filter.radiusAt(track.raw) ?? 0);
  }
});

/** Both ways are hashed anew, each by its own amount: half of the difference is an offset that no packet shows. ns */
test.each([
  [4000, 1500],
  [-1500, -4000],
  [3000, -1000],
  [-4000, 3500],
  [6000, 200],
])("a path that is hashed anew by %d ns one way and %d the other stays within the bound", (local, remote) => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = createRandom(seed, 2);
    const filter = new LinkFilter(1 / 4, 1000, 1);
    let uncovered = 0;
    for (let i = 0; i < 4000; i++) {
      const raw = 1000 + i / 4;
      const [up, down] = i < 1000 ? [0, 0] : [local, remote];
      filter.observe({ direction: 0, value: 8000 + up + 100 * random.exponential(), raw: raw, hardMin: 0, resolution: 1 });
      filter.observe({ direction: 1, value: 8000 + down + 100 * random.exponential(), raw: raw + 0.01, hardMin: 0, resolution: 1 });
      if (i > 1040 && Math.abs(filter.offsetAt(raw + 0.01)) > (filter.radiusAt(raw + 0.01) ?? Number.POSITIVE_INFINITY)) uncovered++;
    }
    expect(uncovered).toBe(0);
  }
});
