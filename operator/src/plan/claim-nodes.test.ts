import { describe, expect, it } from "vitest";
import { claimNodes } from "./claim-nodes.js";
import { aDomain, aNode } from "./testing/a-world.js";

describe("claiming nodes", () => {
  it.each<[string, ReturnType<typeof aDomain>[], string]>([
    ["the higher priority", [aDomain("a", ["gm"]), aDomain("b", ["gm"], { priority: 1 }, 5)], "b"],
    ["absent priority as 0", [aDomain("a", ["gm"], { priority: -1 }), aDomain("b", ["gm"], {}, 5)], "b"],
    ["of equal priority the older domain", [aDomain("a", ["gm"], {}, 5), aDomain("b", ["gm"], { priority: 0 }, 4)], "b"],
    ["of equal age the lesser name", [aDomain("b", ["gm"]), aDomain("a", ["gm"])], "a"],
  ])("prefers %s", (_sentence, domains, owner) => {
    expect(claimNodes([aNode("n")], domains).ownerOf.get("n")).toBe(owner);
  });

  it("tells the losers whose the node is, and the owner only of rivals of equal priority", () => {
    const domains = [aDomain("owner", ["gm"]), aDomain("rival", ["gm"], {}, 1), aDomain("lesser", ["gm"], { priority: -1 })];
    const { byDomain } = claimNodes([aNode("n")], domains);
    expect(byDomain.get("rival")?.claimedElsewhere).toEqual([{ node: "n", domain: "owner", equalPriority: true }]);
    expect(byDomain.get("lesser")?.claimedElsewhere).toEqual([{ node: "n", domain: "owner", equalPriority: false }]);
    expect(byDomain.get("owner")).toMatchObject({ claimedElsewhere: [], contested: [{ node: "n", domain: "rival" }] });
  });

  it("leaves nodes that nobody selects alone", () => {
    const picky = aDomain("d", ["gm"], { members: { nodeSelector: { matchLabels: { zone: "a" } } } });
    const { ownerOf, byDomain } = claimNodes([aNode("n")], [picky]);
    expect(ownerOf.size).toBe(0);
    expect(byDomain.get("d")?.members).toEqual([]);
  });
});
