import { describe, expect, it } from "vitest";
import { estimatePath } from "./error-budget.js";

describe("the error budget", () => {
  it("adds what the stamps cost to what the source is unsure of", () => {
    expect(estimatePath(100, "Hardware")).toBe(150);
    expect(estimatePath(100, "Software")).toBe(1100);
  });

  it("of an NTP server is what software stamps cost: how far that itself may be is known only when it is asked", () => {
    expect(estimatePath(0, "NTP")).toBe(1000);
    expect(estimatePath(500_000, "NTP")).toBe(501_000);
  });

  it("hopes for hardware stamps until an agent says otherwise: it must refuse only the impossible", () => {
    expect(estimatePath(100, null)).toBe(estimatePath(100, "Hardware"));
  });
});
