import { describe, expect, it } from "vitest";
import type { Segment } from "./sim/segment.js";
import type { SegmentHost } from "./sim/segment-host.js";
import {
  addServer,
  addWorker,
  anEngine,
  asks,
  aSegment,
  countRequests,
  follows,
  isCovered,
  nothing,
  ntpOf,
  selected,
  serves,
  standing,
  state,
} from "./testing/a-segment.js";

const a = "10.1.0.1";
const b = "10.1.0.2";
const c = "10.1.0.3";

describe("NTP beside PTP", () => {
  const addGrandmaster = (segment: Segment, name: string, domainNumber: number, offset = 0): SegmentHost =>
    segment.add({ name, engine: anEngine(domainNumber), offset, frequency: 0 }, serves(name, domainNumber));

  it("carries on as the fallback when the grandmaster is gone", () => {
    const segment = aSegment();
    addServer(segment, a);
    const grandmaster = addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, { receivers: [follows("gm", 1)], associations: [asks("a", a, { use: "Fallback" })] });
    segment.run(60);
    expect(selected(host)).toBe("gm");
    segment.remove(grandmaster);
    let uncovered = 0;
    segment.run(120, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(selected(host)).toBe("a");
    expect(state(host)).toBe("PhaseAligned");
    expect(host.steps).toHaveLength(1);
    expect(Math.abs(host.errorAt(120))).toBeLessThan(5000);
    expect(uncovered).toBe(0);
  });

  it("sets the clock while no grandmaster answers, and hands over without a step when one does", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { receivers: [follows("gm", 1)], associations: [asks("a", a, { use: "Fallback" })] });
    segment.run(20);
    expect(selected(host)).toBe("a");
    expect(state(host)).toBe("PhaseAligned");
    addGrandmaster(segment, "gm", 1);
    segment.run(90);
    expect(selected(host)).toBe("gm");
    expect(host.steps).toHaveLength(1);
  });

  it("as one watchdog cannot tell who lies, but says that somebody does", () => {
    const segment = aSegment();
    addServer(segment, a);
    const liar = addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, { receivers: [follows("gm", 1)], associations: [asks("a", a, { use: "Watchdog" })] });
    segment.run(90);
    expect(state(host)).toBe("PhaseAligned");
    liar.step(90, 500_000);
    segment.run(150);
    expect(host.publications.at(-1)?.what).toMatchObject({ state: "Conflicted", reason: "SourcesDisagree", selected: "gm" });
    expect(isCovered(host, 150)).toBe(true);
  });

  it("as two watchdogs outvotes a lying grandmaster by name", () => {
    const segment = aSegment();
    addServer(segment, a);
    addServer(segment, b);
    addGrandmaster(segment, "gm", 1, 3e6);
    const host = addWorker(segment, {
      receivers: [follows("gm", 1)],
      associations: [asks("a", a, { use: "Watchdog" }), asks("b", b, { use: "Watchdog" })],
    });
    segment.run(90);
    expect(standing(host, "gm")).toEqual(["Falseticker", "OutsideMajority"]);
    expect(standing(host, "a")).toEqual(["Healthy", ""]);
  });
});

describe("three servers", () => {
  it("outvote the one that is wrong, by name", () => {
    const segment = aSegment();
    addServer(segment, a);
    addServer(segment, b);
    addServer(segment, c, () => 20e6);
    const host = addWorker(segment, { associations: [asks("a", a), asks("b", b), asks("c", c, { priority: 200 })] });
    segment.run(60);
    expect(standing(host, "c")).toEqual(["Falseticker", "OutsideMajority"]);
    expect(Math.abs(host.errorAt(60))).toBeLessThan(5000);
  });
});

describe("a new configuration", () => {
  it("leaves an association that did not change alone, and opens no socket anew for another priority", () => {
    const { segment, times } = countRequests();
    addServer(segment, a);
    addServer(segment, b);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(30);
    const before = times.length;
    segment.configure(host, { ...nothing, associations: [asks("a", a), asks("b", b)] });
    segment.run(31);
    expect(state(host)).toBe("PhaseAligned");
    // One of the kept association, the burst of the new one and its way up to a second.
    expect(times.length - before).toBeLessThan(13);
    const socket = host.associations.get("ntp/a");
    segment.configure(host, { ...nothing, associations: [asks("a", a, { priority: 7 })] });
    segment.run(60);
    expect(host.associations.get("ntp/a")).toBe(socket);
    expect(host.associations.has("ntp/b")).toBe(false);
    expect(standing(host, "a")).toEqual(["Healthy", ""]);
    expect(state(host)).toBe("PhaseAligned");
    expect(host.steps).toHaveLength(1);
  });
});

describe("time for others", () => {
  const ntpServer = { port: 123, allowed: ["10.0.0.0/8"] };

  it("goes down a chain of nodes, each bound above the one before and over the truth", () => {
    const segment = aSegment();
    addServer(segment, a);
    const first = addWorker(segment, { associations: [asks("a", a)], ntpServer }, { name: "first" });
    const second = addWorker(
      segment,
      { associations: [asks("first", first.address)], ntpServer },
      { name: "second", offset: -2e6, frequency: -7000 },
    );
    const third = addWorker(segment, { associations: [asks("second", second.address)] }, { name: "third", offset: 1e9, frequency: 40_000 });
    let uncovered = 0;
    segment.run(120, (at) => (uncovered += [first, second, third].filter((host) => !isCovered(host, at)).length));
    expect(uncovered).toBe(0);
    expect([first, second, third].map(state)).toEqual(["PhaseAligned", "PhaseAligned", "PhaseAligned"]);
    expect([ntpOf(second, "first")?.stratum, ntpOf(third, "second")?.stratum]).toEqual([2, 3]);
    expect(ntpOf(third, "second")?.referenceId).toBe(first.address);
    const [x, y, z] = [first, second, third].map((host) => host.publications.at(-1)?.what.guaranteed ?? 0);
    expect(y).toBeGreaterThan(x ?? 0);
    expect(z).toBeGreaterThan(y ?? 0);
  });

  it("is refused between two that follow each other only", () => {
    const segment = aSegment();
    const first = addWorker(segment, { associations: [asks("second", "10.0.0.2")], ntpServer }, { name: "first" });
    const second = addWorker(segment, { associations: [asks("first", "10.0.0.1")], ntpServer }, { name: "second", offset: 5e6 });
    segment.run(60);
    for (const host of [first, second]) {
      expect(host.steps).toHaveLength(0);
      expect(selected(host)).toBeNull();
    }
  });

  it("ends with the configuration", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)], ntpServer });
    segment.run(10);
    expect(host.serving?.server.template).toHaveLength(48);
    segment.configure(host, { ...nothing, associations: [asks("a", a)] });
    expect(host.serving).toBeNull();
  });
});
