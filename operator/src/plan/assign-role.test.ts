import { describe, expect, it } from "vitest";
import { assignRole } from "./assign-role.js";
import type { RoleConstraint } from "./domain-topology.js";
import { aNode } from "./testing/a-world.js";

const node = aNode("n", 1, { labels: { zone: "a" } });
const demand = (role: RoleConstraint["role"], zone = "a"): RoleConstraint => ({ role, nodeSelector: { matchLabels: { zone } } });

describe("assigning a role", () => {
  it.each<[string, readonly RoleConstraint[], boolean, string, string]>([
    ["makes the owner of a reference Grandmaster", [], true, "Grandmaster", "OwnsReference"],
    ["lets all others follow", [], false, "OrdinaryClock", "FollowsSources"],
    ["honours Observer for a follower", [demand("Observer")], false, "Observer", "DemandedByTopology"],
    ["honours OrdinaryClock for an owner", [demand("OrdinaryClock")], true, "OrdinaryClock", "DemandedByTopology"],
    ["honours Grandmaster for an owner", [demand("Grandmaster")], true, "Grandmaster", "DemandedByTopology"],
    [
      "asks only the first demand that matches",
      [demand("Observer", "b"), demand("OrdinaryClock"), demand("Observer")],
      false,
      "OrdinaryClock",
      "DemandedByTopology",
    ],
    [
      "plans a node that cannot be Grandmaster as if nothing was demanded",
      [demand("Grandmaster")],
      false,
      "OrdinaryClock",
      "GrandmasterWithoutReference",
    ],
  ])("%s", (_sentence, constraints, ownsReference, role, reason) => {
    expect(assignRole(node, constraints, ownsReference)).toMatchObject({ role, reason });
  });

  it("refuses Grandmaster without a reference by name and field", () => {
    const { refused } = assignRole(node, [demand("Observer", "b"), demand("Grandmaster")], false);
    expect(refused).toMatchObject({ node: "n", role: "Grandmaster" });
    expect(refused?.message).toMatch(/^spec\.topology\.roles\[1\]: n cannot be Grandmaster/);
  });
});
