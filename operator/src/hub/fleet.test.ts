import { describe, expect, it } from "vitest";
import { judgeNode } from "../controllers/judge-node.js";
import { aReport } from "../testing/an-agent.js";
import { readCapabilities } from "./agent-report.js";
import { Fleet } from "./fleet.js";

const aStream = () => ({ order: () => undefined, revision: "r1" });

describe("a fleet whose operator leads for a second time", () => {
  it("gives every agent that has not come yet the time to come, as if it had never been here", () => {
    let now = 0;
    const fleet = new Fleet(() => now);
    const stream = aStream();
    fleet.connect("n", stream, readCapabilities(undefined), "one");
    fleet.report("n", stream, aReport());
    now = 100_000;
    fleet.disconnect("n", stream);
    now = 3_600_000;
    fleet.begin();
    const judgement = judgeNode(fleet.get("n"), { maxErrorNanoseconds: 1 }, now, fleet.startedAt);
    expect(judgement).toMatchObject({ reachable: true, heard: false });
    now += 30_000;
    expect(judgeNode(fleet.get("n"), { maxErrorNanoseconds: 1 }, now, fleet.startedAt)).toMatchObject({ reachable: false, heard: true });
  });

  it("goes on with those that stayed", () => {
    const fleet = new Fleet(() => 0);
    const stream = aStream();
    fleet.connect("n", stream, readCapabilities(undefined), "one");
    fleet.report("n", stream, aReport());
    fleet.begin();
    expect(fleet.get("n")?.report?.state).toBe("PhaseAligned");
    expect(fleet.connected).toBe(1);
  });
});
