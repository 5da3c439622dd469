import { describe, expect, it } from "vitest";
import { type Condition, findCondition, removeCondition, setCondition } from "./condition.js";
import { statusEquals } from "./status-equals.js";

const then = new Date("2026-01-01T00:00:00.500Z");
const later = new Date("2026-01-02T00:00:00.000Z");
const ready = { type: "Ready", status: "True", reason: "AllGood", message: "fine", observedGeneration: 1 } as const;

describe("conditions", () => {
  it("are the same array when nothing changed, so that nothing has to be written", () => {
    const conditions = setCondition([], ready, then);
    expect(setCondition(conditions, { ...ready }, later)).toBe(conditions);
  });

  it.each<[string, Partial<Condition>, string]>([
    ["keep the transition time when only the reason changes", { reason: "StillGood" }, "2026-01-01T00:00:00Z"],
    ["keep the transition time when only the generation changes", { observedGeneration: 2 }, "2026-01-01T00:00:00Z"],
    ["move the transition time when the status flips", { status: "False" }, "2026-01-02T00:00:00Z"],
  ])("%s", (_sentence, change, time) => {
    const before = setCondition([], ready, then);
    const after = setCondition(before, { ...ready, ...change }, later);
    expect(after).not.toBe(before);
    expect(after).toEqual([{ ...ready, ...change, lastTransitionTime: time }]);
  });

  it("stay in their order and leave each other alone", () => {
    const two = setCondition(setCondition([], ready, then), { ...ready, type: "Stalled", status: "False" }, then);
    const flipped = setCondition(two, { ...ready, status: "False" }, later);
    expect(flipped.map((condition) => condition.type)).toEqual(["Ready", "Stalled"]);
    expect(flipped[1]).toBe(two[1]);
    expect(removeCondition(flipped, "Ready")).toEqual([two[1]]);
    expect(removeCondition(flipped, "Missing")).toBe(flipped);
    expect(findCondition(flipped, "Ready")?.status).toBe("False");
  });

  it("cut a message that the API would refuse", () => {
    const [condition] = setCondition([], { ...ready, message: "x".repeat(40_000) }, then);
    expect(condition?.message).toHaveLength(32_768);
  });
});

describe("status equality", () => {
  it.each<[boolean, unknown, unknown]>([
    [true, { a: [1, { b: "x" }] }, { a: [1, { b: "x" }] }],
    [true, { a: 1, b: undefined }, { a: 1 }],
    [true, { a: 1 }, { b: undefined, a: 1 }],
    [true, undefined, undefined],
    [false, { a: [1, 2] }, { a: [2, 1] }],
    [false, { a: [1] }, { a: [1, 2] }],
    [false, { a: null }, { a: {} }],
    [false, { a: null }, {}],
    [false, { a: [] }, { a: {} }],
    [false, { a: 1 }, { a: 1, b: 0 }],
    [false, undefined, {}],
  ])("is %s for %j and %j", (equal, a, b) => {
    expect(statusEquals(a, b)).toBe(equal);
    expect(statusEquals(b, a)).toBe(equal);
  });
});
