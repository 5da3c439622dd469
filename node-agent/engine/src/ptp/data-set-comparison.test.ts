import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Candidate, compareCandidates } from "./data-set-comparison.js";

const me = { clockIdentity: 0x99n, portNumber: 1 };
function aCandidate(change: Partial<Candidate> = {}): Candidate {
  return {
    grandmasterIdentity: 0x10n,
    priority1: 128,
    quality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 0x4e5d },
    priority2: 128,
    stepsRemoved: 0,
    sender: { clockIdentity: 0x10n, portNumber: 1 },
    receiver: me,
    ...change,
  };
}

const small = fc.integer({ min: 0, max: 2 });
const identity = fc.record({ clockIdentity: fc.bigInt({ min: 0n, max: 3n }), portNumber: small });
const arbitraryCandidate: fc.Arbitrary<Candidate> = fc.record({
  grandmasterIdentity: fc.bigInt({ min: 0n, max: 3n }),
  priority1: small,
  quality: fc.record({ clockClass: small, clockAccuracy: small, offsetScaledLogVariance: small }),
  priority2: small,
  stepsRemoved: fc.integer({ min: 0, max: 4 }),
  sender: identity,
  receiver: identity,
});

describe("data set comparison (IEEE 1588-2019 9.3.4)", () => {
  it.each<[string, Partial<Candidate>, string]>([
    [
      "a lower priority1 wins over a better class",
      { priority1: 1, quality: { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff } },
      "priority1",
    ],
    [
      "a locked clock wins over one in holdover",
      { quality: { clockClass: 5, clockAccuracy: 0x31, offsetScaledLogVariance: 0xffff } },
      "clockClass",
    ],
    [
      "a finer accuracy wins within one class",
      { quality: { clockClass: 6, clockAccuracy: 0x20, offsetScaledLogVariance: 0xffff } },
      "clockAccuracy",
    ],
    [
      "a steadier clock wins within one accuracy",
      { quality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 0x4000 } },
      "offsetScaledLogVariance",
    ],
    ["priority2 decides between equals", { priority2: 1 }, "priority2"],
    ["the lesser identity breaks the last tie", { grandmasterIdentity: 0x01n }, "grandmasterIdentity"],
  ])("%s", (_sentence, better, because) => {
    expect(
      compareCandidates(aCandidate({ grandmasterIdentity: 0x02n, ...better }), aCandidate({ grandmasterIdentity: 0x02n + 1n })),
    ).toEqual({ kind: "better", side: "a", because });
  });

  it("calls a one-step longer way to the same grandmaster, heard from a lesser identity, a matter of topology", () => {
    const near = aCandidate({ stepsRemoved: 1 });
    const far = aCandidate({
      stepsRemoved: 2,
      receiver: { clockIdentity: 9n, portNumber: 1 },
      sender: { clockIdentity: 5n, portNumber: 1 },
    });
    expect(compareCandidates(far, near)).toEqual({ kind: "better-by-topology", side: "b", because: "receiver" });
  });

  it("recognises its own message coming back", () => {
    const echo = { clockIdentity: 9n, portNumber: 1 };
    expect(compareCandidates(aCandidate({ stepsRemoved: 1 }), aCandidate({ stepsRemoved: 2, receiver: echo, sender: echo }))).toEqual({
      kind: "same",
    });
  });

  it("is antisymmetric: swapping the candidates swaps the winner and nothing else", () => {
    fc.assert(
      fc.property(arbitraryCandidate, arbitraryCandidate, (a, b) => {
        const forward = compareCandidates(a, b);
        const backward = compareCandidates(b, a);
        if (forward.kind === "same") expect(backward.kind).toBe("same");
        else expect(backward).toEqual({ ...forward, side: forward.side === "a" ? "b" : "a" });
      }),
    );
  });
});
