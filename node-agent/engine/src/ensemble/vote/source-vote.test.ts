import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { SourceVote, type Voter } from "./source-vote.js";

interface Lie {
  readonly id: string;
  readonly offset: (t: number) => number;
  readonly isWatchdog?: boolean;
  readonly halfWidth?: number;
  readonly noise?: (t: number) => number;
}

/** Runs `seconds` of a vote of sources with 20 ns of noise unless they say otherwise, and intervals of ±10 µs; `look` sees it after every one. */
function run(
  sources: readonly Lie[],
  seconds: number,
  surprise: (id: string, t: number) => number | null = () => null,
  look: (vote: SourceVote, t: number) => void = () => undefined,
): SourceVote {
  const random = createRandom(6, 1);
  const vote = new SourceVote();
  for (let t = 0; t < seconds; t++) {
    const voters: Voter[] = sources.map(({ id, offset, isWatchdog, halfWidth, noise }) => {
      const x = offset(t);
      const reach = halfWidth ?? 10_000;
      return {
        id,
        group: id,
        isWatchdog: isWatchdog ?? false,
        offset: x + (noise?.(t) ?? 20) * random.normal(),
        deviation: 20,
        errorTime: 4,
        isSettled: true,
        proof: { low: x - reach, high: x + reach },
        surprise: surprise(id, t),
      };
    });
    vote.tick(t, voters);
    look(vote, t);
  }
  return vote;
}

const honest = (id: string): Lie => ({ id, offset: () => 0 });
const from = (second: number, lie: number) => (t: number) => (t < second ? 0 : lie);

test("honest sources are never named", () => {
  const vote = run([honest("a"), honest("b"), honest("c")], 3000);
  expect([...vote.named.keys()]).toEqual([]);
  expect(vote.conflict).toBe(false);
});

test("whoever is outside the majority of intervals is named at once", () => {
  const vote = run([honest("a"), honest("b"), { id: "c", offset: () => 37e9 }], 2);
  expect(vote.named.get("c")?.verdict).toBe("interval");
});

test("a lie inside the intervals is named by its differences", () => {
  const vote = run([honest("a"), honest("b"), { id: "c", offset: from(1000, 2000) }], 1010);
  expect(vote.named.get("c")?.verdict).toBe("drift");
  expect([...vote.named.keys()]).toEqual(["c"]);
});

test("the liar is muted before it is named, and the bound carries the doubt", () => {
  const vote = run([honest("a"), honest("b"), { id: "c", offset: from(1000, 2000) }], 1001);
  expect([...vote.muted]).toEqual(["c"]);
  expect(vote.named.size).toBe(0);
  expect(vote.widening).toBeGreaterThan(1500);
});

test("two that drift apart: conflict, nobody is named, the bound covers both", () => {
  const vote = run([honest("a"), { id: "b", offset: (t) => Math.max(0, t - 1000) }], 2500);
  expect(vote.conflict).toBe(true);
  expect(vote.named.size).toBe(0);
  expect(vote.widening).toBeGreaterThan(1000);
});

test("two of which one jumps: our own oscillator is the witness", () => {
  const vote = run([honest("a"), { id: "b", offset: from(1000, 5000) }], 1010, (id, t) => (id === "b" && t >= 1000 ? 50 : 0.5));
  expect(vote.named.get("b")?.verdict).toBe("witness");
});

test("a watchdog's dissent is never voted away", () => {
  const vote = run([honest("a"), honest("b"), { id: "w", offset: from(1000, 3000), isWatchdog: true }], 1100);
  expect(vote.watchdogDisagrees).toBe(true);
  expect(vote.named.has("w")).toBe(false);
  expect(vote.widening).toBeGreaterThan(3000);
});

test("a source that tells the truth again is readmitted", () => {
  const lie = (t: number) => (t >= 1000 && t < 1100 ? 50_000 : 0);
  expect(run([honest("a"), honest("b"), { id: "c", offset: lie }], 1050).named.has("c")).toBe(true);
  expect(run([honest("a"), honest("b"), { id: "c", offset: lie }], 4000).named.has("c")).toBe(false);
});

test("two disjoint intervals: no majority", () => {
  expect(run([honest("a"), { id: "b", offset: () => 1e9 }], 2).noMajority).toBe(true);
});

test("two that drift apart are both heard until one of them may have jumped", () => {
  const heard: number[] = [];
  const look = (vote: SourceVote, t: number) => {
    if (vote.muted.size > 0) heard.push(t);
  };
  const vote = run([honest("a"), { id: "b", offset: (t) => Math.max(0, (t - 1000) / 4) }], 3000, undefined, look);
  expect(vote.conflict).toBe(true);
  expect(vote.mayBeJump).toBe(false);
  expect(heard).toEqual([]);
});

test("two of which one may have jumped are not heard for half a minute, and then both again", () => {
  const muted: number[] = [];
  const look = (vote: SourceVote, t: number) => {
    if (vote.muted.size === 2) muted.push(t);
  };
  run([honest("a"), { id: "b", offset: from(1000, 170) }], 1100, undefined, look);
  expect(muted[0]).toBeLessThan(1003);
  expect(muted.length).toBeGreaterThan(20);
  expect(muted.at(-1)).toBeLessThan(1040);
});

test("who drifts away from two is muted long before it is named, never one of those, and there is no conflict", () => {
  let [first, unheard, conflicts] = [Number.POSITIVE_INFINITY, 0, 0];
  const look = (vote: SourceVote, t: number) => {
    if (vote.muted.has("c")) first = Math.min(first, t);
    if (vote.muted.has("a") || vote.muted.has("b")) unheard++;
    if (vote.conflict) conflicts++;
  };
  const vote = run([honest("a"), honest("b"), { id: "c", offset: (t) => Math.max(0, (t - 1000) / 2) }], 2500, undefined, look);
  const since = vote.named.get("c")?.since ?? Number.NaN;
  expect([...vote.named.keys()]).toEqual(["c"]);
  expect(since - first).toBeGreaterThan(20);
  expect([unheard, conflicts]).toEqual([0, 0]);
});

test("two of three that were in doubt and are within noise again: none is singled out for being farther from the third", () => {
  const muted: number[] = [];
  const look = (vote: SourceVote, t: number) => {
    if (t > 1000) muted.push(vote.muted.size);
  };
  // The difference of two has a standard deviation of 28 ns.
  const near = (id: string, apart: number, after: number): Lie => ({
    id,
    offset: (t) => (t < 1000 ? 0 : t === 1000 ? apart : after),
    noise: (t) => (t < 1000 ? 20 : 0),
  });
  const vote = run([near("a", 80, 30), near("b", -80, -41), near("c", 0, 16)], 1003, undefined, look);
  expect(vote.widening).toBeGreaterThan(50);
  // Half a minute for whoever jumped.
  expect(muted).toEqual([3, 3]);
});

test("a doubt that leaves a majority leaves what it proves; one that does not, does not", () => {
  expect(run([honest("a"), honest("b"), { id: "c", offset: from(1000, 2000) }], 1001).majorityInDoubt).toBe(false);
  expect(run([honest("a"), { id: "b", offset: from(1000, 2000) }], 1001).majorityInDoubt).toBe(true);
  expect(run([honest("a"), honest("b"), { id: "w", offset: from(1000, 3000), isWatchdog: true }], 1100).majorityInDoubt).toBe(true);
});

test("a watchdog that is suspected joins the bound before it is sure", () => {
  const widened: number[] = [];
  let sure = Number.POSITIVE_INFINITY;
  const look = (vote: SourceVote, t: number) => {
    if (vote.watchdogDisagrees) sure = Math.min(sure, t);
    if (vote.widening > 0 && t > 1000) widened.push(t);
  };
  const dog = { id: "w", offset: (t: number) => Math.max(0, (t - 1000) / 4), isWatchdog: true };
  expect(run([honest("a"), honest("b"), dog], 2000, undefined, look).majorityInDoubt).toBe(true);
  expect(sure - (widened[0] ?? Number.NaN)).toBeGreaterThan(10);
});
