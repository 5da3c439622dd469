import { describe, expect, it } from "vitest";
import type { Lease } from "./lease.js";
import { type ObservedLease, observeAbsence, observeLease, observeOwnTerm } from "./observed-lease.js";

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
      "as before, when a record of ours follows on an absence",
      [
        [100, others],
        [2_100, null],
        [4_100, mine],
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
    [
      "the duration from when it was gone",
      [
        [100, others],
        [2_100, null],
        [4_100, null],
      ],
      17_100,
    ],
    [
      "the duration anew, when there was no look for half of it",
      [
        [100, others],
        [2_100, null],
        [9_700, null],
      ],
      24_700,
    ],
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

  it("nobody, while we lead", () => {
    const observed = look([100, others], [2_100, mine]);
    expect(observed === undefined ? undefined : observeOwnTerm(observed).othersUntil).toBe(never);
  });
});
