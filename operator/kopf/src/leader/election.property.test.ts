import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tryElection } from "../testing/election-trial.js";

describe("three replicas", () => {
  it("never act as two leaders, forget no epoch that they know, and one leads soon after the trouble is over", async () => {
    const run = async (seed: number): Promise<void> => {
      expect(await tryElection(seed)).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(fc.integer(), run), { numRuns: 25 });
  });

  it.each([
    [36, "a Lease deleted again and again: all three led, when a candidate led with its creation"],
    [67, "a Lease deleted again and again"],
    [259, "an own request that was given up long ago and creates the Lease after it was deleted"],
  ])("survived seed %d: %s", async (seed) => {
    expect(await tryElection(seed)).toEqual([]);
  });
});
