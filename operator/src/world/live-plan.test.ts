import type { NodeClockSpec } from "@meridian/crds";
import { describe, expect, it } from "vitest";
import type { World } from "../plan/world.js";
import { LivePlan } from "./live-plan.js";

const world = (nodes: readonly string[], paused = false): World => ({
  nodes: nodes.map((name, index) => ({
    name,
    labels: {},
    internalAddress: `10.0.0.${String(index + 1)}`,
    capabilities: {
      interfaces: [{ name: "eth0", addresses: [`10.0.0.${String(index + 1)}`], timestamping: "Software" }],
      clocks: ["system"],
    },
  })),
  domains: [
    {
      name: "plant",
      createdAt: 0,
      spec: {
        paused,
        objective: { maxErrorNanoseconds: 100_000 },
        members: { nodeSelector: {} },
        sources: [{ name: "roof", grandmasterRef: { name: "roof" } }],
      },
    },
  ],
  grandmasters: [
    {
      name: "roof",
      spec: { type: "Node", node: { nodeName: "gm", reference: { type: "SystemClock" } }, calibration: { uncertaintyNanoseconds: 100 } },
    },
  ],
  profiles: [],
});

describe("the live plan", () => {
  it("is computed once per change of the world, however many ask", () => {
    let looks = 0;
    const plan = new LivePlan({ world: () => ((looks += 1), world(["gm", "w"])), previous: () => new Map() });
    expect(plan.current).toBe(plan.current);
    expect(looks).toBe(1);
    plan.invalidate();
    expect(plan.current.nodes.get("w")?.spec.role).toBe("OrdinaryClock");
    expect(looks).toBe(2);
  });

  it("remembers what it decided while the cluster does not show it yet", () => {
    let nodes = ["gm", "w"];
    const standing = new Map<string, NodeClockSpec>();
    const plan = new LivePlan({ world: () => world(nodes), previous: () => standing });
    const before = plan.current.nodes.get("w")?.spec;
    nodes = ["gm", "w", "new"];
    plan.invalidate();
    expect(plan.current.nodes.get("w")?.spec).toEqual(before);
  });

  it("begins a new term with what stands in the cluster, not with what it decided in an earlier one", () => {
    const standing = new Map<string, NodeClockSpec>();
    let paused = false;
    const plan = new LivePlan({ world: () => world(["gm", "w"], paused), previous: () => standing });
    const first = plan.current.nodes.get("w")?.spec;
    if (!first) throw new Error("not planned");
    standing.set("w", { ...first, roleReason: "DecidedByAnother" });
    paused = true;
    plan.invalidate();
    expect(plan.current.nodes.get("w")?.spec.roleReason).toBe(first.roleReason);
    plan.forget();
    expect(plan.current.nodes.get("w")?.spec.roleReason).toBe("DecidedByAnother");
  });
});
