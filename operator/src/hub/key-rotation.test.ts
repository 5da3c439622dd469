import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRotationStep, type RotationStage } from "./key-rotation.js";

const policy = { lifetimeMs: 1_000_000, overlapMs: 1000 };
const now = new Date("2026-06-01T00:00:00Z");
const ago = (ms: number) => new Date(now.getTime() - ms);
const step = (stage: RotationStage, since: Date | null, requested = false) =>
  nextRotationStep({ stage, since, requested }, policy, now);

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

  it("never serves with an authority that was announced for less than the overlap", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000, max: 10_000 }), fc.boolean(), (age, requested) => {
        if (step("Announced", ago(age), requested) === "serve") expect(age).toBeGreaterThanOrEqual(policy.overlapMs);
      }),
    );
  });
});
