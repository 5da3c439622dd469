import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tryElection } from "../testing/election-trial.js";

describe("three replicas", () => {
  it("never act as two leaders, have ever higher epochs, and one leads soon after the trouble is over", async () => {
    const run = async (seed: number): Promise<void> => {
      expect(await tryElection(seed)).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(fc.integer(), run), { numRuns: 25 });
  });

  it.each([
    [1805, "a Lease deleted twice within moments"],
    [6044, "a Lease deleted twice within moments"],
    [4393, "an own request that was given up long ago and creates the Lease after it was deleted"],
    [-99_491, "an own request that was given up long ago and creates the Lease after it was deleted"],
  ])("survived seed %d: %s", async (seed) => {
    expect(await tryElection(seed)).toEqual([]);
  });
});
