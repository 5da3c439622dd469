import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRotationStep, type RotationStage } from "./key-rotation.js";

const policy = { lifetimeMs: 1_000_000, overlapMs: 1000 };
const now = new Date("2026-06-01T00:00:00Z");
const ago = (ms: number) => new Date(now.getTime() - ms);
const step = (stage: RotationStage, since: Date | null, requested = false, seenForMs = 1e9) =>
  nextRotationStep({ stage, since, requested, seenForMs }, policy, now);

describe("the rotation of the hub's key", () => {
  it.each([
    ["Settled", 999_999, "none"],
    ["Settled", 1_000_000, "announce"],
    ["Announced", 999, "none"],
    ["Announced", 1000, "serve"],
    ["Serving", 999, "none"],
    ["Serving", 1000, "retire"],
  ] as const)("%s since %d ms: %s", (stage, age, expected) => expect(step(stage, ago(age))).toBe(expected));

  it("begins when a user asks for it, and not twice", () => {
    expect(step("Settled", ago(1), true)).toBe("announce");
    expect(step("Announced", ago(1), true)).toBe("none");
  });

  it("starts to count anew where the date is missing, nonsense or in the future", () => {
    for (const stage of ["Settled", "Announced", "Serving"] as const)
      for (const since of [null, new Date(Number.NaN), ago(-1)]) expect(step(stage, since)).toBe("date");
  });

  it("never serves or retires before the overlap is over, whatever the clock was corrected by meanwhile", () => {
    const wrong = fc.integer({ min: -2e12, max: 2e12 });
    fc.assert(
      fc.property(wrong, fc.boolean(), fc.integer({ min: 0, max: 3000 }), (age, requested, seenForMs) => {
        for (const stage of ["Announced", "Serving"] as const)
          if (["serve", "retire"].includes(step(stage, ago(age), requested, seenForMs)))
            expect(seenForMs).toBeGreaterThanOrEqual(policy.overlapMs);
      }),
    );
  });
});
