import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createRecentlyGone } from "./recently-gone.js";

describe("what went while nobody led", () => {
  it("is handed over once, oldest first, and several bearers of one name apart", () => {
    const gone = createRecentlyGone<number>(createManualClock());
    gone.add("a", 1);
    gone.add("b", 2);
    gone.add("a", 3);
    expect(gone.drain()).toEqual([
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ]);
    expect(gone.drain()).toEqual([]);
  });

  it("is forgotten after ten minutes", async () => {
    const clock = createManualClock();
    const gone = createRecentlyGone<number>(clock);
    gone.add("old", 1);
    await clock.advance(300_000);
    gone.add("new", 2);
    await clock.advance(400_000);
    expect(gone.drain()).toEqual([["new", 2]]);
  });

  it("never takes more memory than ten thousand keys, the latest", () => {
    const gone = createRecentlyGone<number>(createManualClock());
    for (let number = 0; number < 100_000; number++) gone.add(`${number}`, number);
    const kept = gone.drain();
    expect(kept.length).toBeLessThanOrEqual(10_000);
    expect(kept.at(-1)).toEqual(["99999", 99_999]);
  });
});
