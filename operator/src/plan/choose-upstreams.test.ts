import { describe, expect, it } from "vitest";
import { chooseUpstreams, type UpstreamCandidate } from "./choose-upstreams.js";

interface Named extends UpstreamCandidate {
  readonly name: string;
}

function aSource(name: string, overrides: Partial<Named> = {}): Named {
  return { name, use: "Primary", priority: 100, independenceGroup: name, failureDomain: name, ...overrides };
}

function choose(candidates: readonly Named[], redundancy = 2, own = "elsewhere") {
  return chooseUpstreams(candidates, redundancy, own).map(({ candidate, reason }) => `${candidate.name} ${reason}`);
}

describe("choosing upstreams", () => {
  it.each<[string, readonly Named[], string[]]>([
    ["nothing from nothing", [], []],
    ["the only one there is", [aSource("a")], ["a HighestPriority"]],
    [
      "the second from another independence group before one of higher priority",
      [aSource("a", { independenceGroup: "x", priority: 300 }), aSource("b", { independenceGroup: "x", priority: 200 }), aSource("c")],
      ["a HighestPriority", "c OtherFailureDomain"],
    ],
    [
      "of two new groups the one in another failure domain",
      [aSource("a", { failureDomain: "z" }), aSource("b", { failureDomain: "z" }), aSource("c")],
      ["a HighestPriority", "c OtherFailureDomain"],
    ],
    [
      "a new group in the same failure domain before a new failure domain in the same group",
      [
        aSource("a", { independenceGroup: "x", failureDomain: "z" }),
        aSource("b", { independenceGroup: "x" }),
        aSource("c", { failureDomain: "z" }),
      ],
      ["a HighestPriority", "c OtherIndependenceGroup"],
    ],
    [
      "the next when nothing sets them apart",
      [aSource("a", { independenceGroup: "x", failureDomain: "z" }), aSource("b", { independenceGroup: "x", failureDomain: "z" })],
      ["a HighestPriority", "b NextPriority"],
    ],
  ])("takes %s", (_sentence, candidates, expected) => {
    expect(choose(candidates)).toEqual(expected);
  });

  it("starts with the nearer of equals, but never with a lower priority", () => {
    expect(choose([aSource("a"), aSource("b")], 1, "b")).toEqual(["b HighestPriority"]);
    expect(choose([aSource("a", { priority: 200 }), aSource("b")], 1, "b")).toEqual(["a HighestPriority"]);
  });

  it("adds every Fallback, then every Watchdog, whatever the redundancy", () => {
    const candidates = [aSource("w", { use: "Watchdog" }), aSource("f", { use: "Fallback" }), aSource("p"), aSource("q")];
    expect(choose(candidates, 1)).toEqual(["p HighestPriority", "f Fallback", "w Watchdog"]);
  });

  it("leaves out the last Watchdogs and Fallbacks when there are more than 8", () => {
    const fallbacks = Array.from({ length: 7 }, (_, i) => aSource(`f${i}`, { use: "Fallback" }));
    const chosen = choose([aSource("p"), aSource("q"), ...fallbacks, aSource("w", { use: "Watchdog" })]);
    expect(chosen).toHaveLength(8);
    expect(chosen.at(-1)).toBe("f5 Fallback");
  });
});
