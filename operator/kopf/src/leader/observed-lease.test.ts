import { describe, expect, it } from "vitest";
import type { Lease } from "./lease.js";
import { believedDuration, type ObservedLease, observeAbsence, observeLease, observeOwnTerm } from "./observed-lease.js";

const never = Number.NEGATIVE_INFINITY;

function aLease(holder: string, { renewed = "", seconds = 15, uid = "u1" } = {}): Lease {
  const spec = { holderIdentity: holder, leaseDurationSeconds: seconds, renewTime: renewed };
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l", namespace: "ns", uid }, spec };
}

/** What is there at which time; null: no Lease. */
type Sight = readonly [now: number, lease: Lease | null];

/** What "me" knows after it saw one thing after the other. */
function look(...sights: readonly Sight[]): ObservedLease | undefined {
  let observed: ObservedLease | undefined;
  for (const [now, lease] of sights) {
    const by = { identity: "me", now, ownDurationMs: 15_000 };
    observed = lease === null ? observeAbsence(observed, by) : observeLease(observed, lease, by);
  }
  return observed;
}

const mine = aLease("me");
const others = aLease("other");

describe("until when somebody else may lead", () => {
  it.each<[string, Sight[], number]>([
    [
      "the duration from when its record was first seen",
      [
        [100, others],
        [2_100, others],
      ],
      15_100,
    ],
    [
      "anew with each renewal",
      [
        [100, others],
        [2_100, aLease("other", { renewed: "2" })],
      ],
      17_100,
    ],
    [
      "the longer of two durations, of a leader and of who came after it unseen",
      [
        [100, aLease("x", { seconds: 30 })],
        [2_100, others],
      ],
      30_100,
    ],
    [
      "nobody, once it is given back",
      [
        [100, others],
        [2_100, aLease("")],
      ],
      never,
    ],
    ["nobody, when the first record ever seen is ours", [[100, mine]], never],
    [
      "as before, when a record of ours follows",
      [
        [100, others],
        [2_100, mine],
      ],
      15_100,
    ],
    [
      "the duration anew, when we create it after an absence",
      [
        [100, others],
        [2_100, null],
        [9_700, aLease("me", { uid: "u2" })],
        [11_700, aLease("me", { uid: "u2" })],
      ],
      24_700,
    ],
    [
      "the duration of who led before it, when we create it after an absence",
      [
        [100, aLease("other", { seconds: 30 })],
        [2_100, null],
        [9_700, aLease("me", { uid: "u2" })],
      ],
      39_700,
    ],
    [
      "the duration anew, when the same record is in another Lease (restored from a backup)",
      [
        [100, others],
        [2_100, aLease("other", { uid: "u2" })],
      ],
      17_100,
    ],
    [
      "the duration, when our record turns up in a Lease that was created unseen",
      [
        [100, others],
        [60_000, aLease("me", { uid: "u2" })],
      ],
      75_000,
    ],
    ["a minute at most, whatever the record says", [[100, aLease("other", { seconds: 2 ** 31 - 1 })]], 60_100],
    ["our duration, when the record's is none", [[100, aLease("other", { seconds: -1 })]], 15_100],
    [
      "nobody, without a Lease that was ever there",
      [
        [100, null],
        [200, null],
      ],
      never,
    ],
  ])("%s", (_sentence, sights, until) => {
    expect(look(...sights)?.othersUntil ?? never).toBe(until);
  });

  it.each<[string, Sight[], number]>([
    [
      "half our duration from when it was gone, however often we look",
      [
        [100, others],
        [2_100, null],
        [4_100, null],
      ],
      9_600,
    ],
    [
      "anew, when it was there in between",
      [
        [100, others],
        [2_100, null],
        [4_100, aLease("other", { uid: "u2" })],
        [6_100, null],
      ],
      13_600,
    ],
    [
      "not at all, while it is there",
      [
        [100, others],
        [2_100, null],
        [4_100, others],
      ],
      never,
    ],
  ])("leaves it to its leader to create it again: %s", (_sentence, sights, until) => {
    expect(look(...sights)?.leftAloneUntil).toBe(until);
  });

  it.each<[unknown, number, number]>([
    [20, 15_000, 20_000],
    [0.5, 15_000, 500],
    [3_600, 15_000, 60_000],
    [3_600, 30_000, 120_000],
    [3_600, 2_000, 60_000],
    [Number.POSITIVE_INFINITY, 15_000, 60_000],
    [0, 15_000, 15_000],
    [-5, 15_000, 15_000],
    [Number.NaN, 15_000, 15_000],
    ["30", 15_000, 15_000],
    [undefined, 15_000, 15_000],
  ])("believes a duration of %s s, with %d ms of its own, as %d ms", (seconds, own, believed) => {
    expect(believedDuration(seconds, own)).toBe(believed);
  });

  it("nobody, while we lead", () => {
    const observed = look([100, others], [2_100, mine]);
    expect(observed === undefined ? undefined : observeOwnTerm(observed).othersUntil).toBe(never);
  });
});
