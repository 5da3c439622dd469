import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { SourceVote, type Voter } from "./source-vote.js";

interface Lie {
  readonly id: string;
  readonly offset: (t: number) => number;
  readonly isWatchdog?: boolean;
  readonly halfWidth?: number;
}

/** Runs `seconds` of a vote of sources with 20 ns of noise and intervals of ±10 µs. */
function run(sources: readonly Lie[], seconds: number, surprise: (id: string, t: number) => number | null = () => null): SourceVote {
  const random = createRandom(6, 1);
  const vote = new SourceVote();
  for (let t = 0; t < seconds; t++) {
    const voters: Voter[] = sources.map(({ id, offset, isWatchdog, halfWidth }) => {
      const x = offset(t);
      const reach = halfWidth ?? 10_000;
      return {
        id,
        group: id,
        isWatchdog: isWatchdog ?? false,
        offset: x + 20 * random.normal(),
        deviation: 20,
        isSettled: true,
        proof: { low: x - reach, high: x + reach },
        surprise: surprise(id, t),
      };
    });
    vote.tick(t, voters);
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
  const vote = run([honest("a"), honest("b"), { id: "c", offset: from(1000, 2000) }], 1002);
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
