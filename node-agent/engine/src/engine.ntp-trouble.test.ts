import { describe, expect, it } from "vitest";
import {
  addServer,
  addWorker,
  asks,
  aSegment,
  countRequests,
  dropped,
  nothing,
  isCovered,
  ntpOf,
  selected,
  standing,
  state,
} from "./testing/a-segment.js";
import { encodeNtp } from "./wire/ntp/encode.js";
import { leapIndicator } from "./wire/ntp/header.js";
import { referenceIdOfAddress, referenceIdOfText } from "./wire/ntp/reference-id.js";

const a = "10.1.0.1";
const b = "10.1.0.2";

describe("a server that does not want us, or has no time", () => {
  it("is asked half as often when it says RATE, and again each time it says so", () => {
    const { segment, times } = countRequests();
    const server = addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(20);
    let kisses = 2;
    server.rewrites = (answer) =>
      kisses-- > 0 ? { ...answer, stratum: 0, leap: leapIndicator.unsynchronized, referenceId: referenceIdOfText("RATE") } : answer;
    segment.run(300);
    expect(dropped(host, "kiss-rate")).toBe(2);
    expect(ntpOf(host)?.poll).toBe(4);
    const recent = times.filter((at) => at > 100);
    expect(recent.length).toBeGreaterThan(40);
    expect(recent.length).toBeLessThan(60);
    expect(state(host)).toBe("PhaseAligned");
    segment.run(600);
    expect(ntpOf(host)?.poll).toBe(4);
    // After ten minutes it is tried again as the user wants it.
    segment.run(700);
    expect(ntpOf(host)?.poll).toBe(1);
  });

  it.each(["DENY", "RSTR"])("is left alone for an hour when it says %s, then two", (code) => {
    const { segment, times } = countRequests();
    const server = addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(20);
    server.rewrites = (answer) => ({ ...answer, stratum: 0, referenceId: referenceIdOfText(code) });
    segment.run(22);
    expect(ntpOf(host)?.state).toBe("Denied");
    expect(standing(host, "a")).toEqual(["Unsynchronized", "RemoteUncertain"]);
    const before = times.length;
    segment.run(3600);
    expect(times).toHaveLength(before);
    segment.run(3700);
    expect(times).toHaveLength(before + 1);
    segment.run(10_800);
    expect(times).toHaveLength(before + 1);
    server.rewrites = (answer) => answer;
    segment.run(11_000);
    expect(state(host)).toBe("PhaseAligned");
  });

  it("is obeyed only with our own cookie", () => {
    const segment = aSegment();
    const server = addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(20);
    for (const code of ["DENY", "RATE"])
      segment.ntp.inject(host, "ntp/a", a, encodeNtp({ ...server.fields, stratum: 0, referenceId: referenceIdOfText(code) }));
    segment.run(40);
    expect(ntpOf(host)).toMatchObject({ state: "Answered", poll: 1, reachability: 255 });
    expect(standing(host, "a")).toEqual(["Healthy", ""]);
  });

  it("that loses its own source is not followed, and again once it is back, without a step", () => {
    const segment = aSegment();
    const server = addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(60);
    const good = server.fields;
    server.fields = { ...good, leap: leapIndicator.unsynchronized, stratum: 16 };
    let uncovered = 0;
    segment.run(120, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(standing(host, "a")).toEqual(["Unsynchronized", "RemoteUncertain"]);
    expect(ntpOf(host)).toMatchObject({ state: "Unsynchronized", stratum: 16, reachability: 0 });
    expect(state(host)).toBe("Holdover");
    server.fields = good;
    segment.run(200, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(state(host)).toBe("PhaseAligned");
    expect(host.steps).toHaveLength(1);
    expect(uncovered).toBe(0);
  });

  it("that follows us is not followed", () => {
    const segment = aSegment();
    const server = addServer(segment, a, () => 5e6);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    server.fields = { ...server.fields, stratum: 2, referenceId: referenceIdOfAddress(host.address) ?? 0 };
    segment.run(20);
    expect(dropped(host, "loop")).toBeGreaterThan(10);
    expect(ntpOf(host)?.state).toBe("Loop");
    expect(host.steps).toHaveLength(0);
    expect(selected(host)).toBeNull();
  });

  it("that is a second and a half from true time by its own word is not followed", () => {
    const segment = aSegment();
    const server = addServer(segment, a);
    server.fields = { ...server.fields, rootDelay: 1e9, rootDispersion: 1e9 };
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(20);
    expect(ntpOf(host)?.state).toBe("RootDistance");
    expect(selected(host)).toBeNull();
  });
});

describe("a server that cannot be reached", () => {
  it("is looked for again and again until its name resolves", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", "time.example")] });
    segment.run(20);
    expect([...host.engine.associations()]).toMatchObject([["ntp/a", { opened: null, lostBecause: "ENOTFOUND" }]]);
    expect(ntpOf(host)?.state).toBe("Closed");
    segment.ntp.names.set("time.example", a);
    segment.run(60);
    expect(state(host)).toBe("PhaseAligned");
  });

  it("is found at its new address when the old one has fallen silent", () => {
    const segment = aSegment();
    addServer(segment, a);
    segment.ntp.names.set("time.example", a);
    const host = addWorker(segment, { associations: [asks("a", "time.example")] });
    segment.run(60);
    segment.ntp.servers.delete(a);
    addServer(segment, b);
    segment.ntp.names.set("time.example", b);
    segment.run(66);
    expect(ntpOf(host)).toMatchObject({ address: a, state: "Answered" });
    segment.run(90);
    expect(ntpOf(host)).toMatchObject({ address: b, state: "Answered" });
    // Its labels are of another era now, also for whoever asks in its place.
    segment.configure(host, { ...nothing, associations: [asks("a", "time.example", { priority: 7 })] });
    segment.run(120);
    expect(standing(host, "a")).toEqual(["Healthy", ""]);
    expect(state(host)).toBe("PhaseAligned");
    expect(host.steps).toHaveLength(1);
  });

  it("where nobody listens is asked less and less, every half a minute in the end", () => {
    const { segment, times } = countRequests();
    segment.ntp.refusing.add(a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(600);
    expect(times.length).toBeGreaterThan(15);
    expect(times.length).toBeLessThan(30);
    segment.ntp.refusing.delete(a);
    addServer(segment, a);
    segment.run(700);
    expect(state(host)).toBe("PhaseAligned");
    segment.ntp.lose(host, "ntp/a", "ENETDOWN");
    expect([...host.engine.associations()]).toMatchObject([["ntp/a", { lostBecause: "ENETDOWN", attempts: 1 }]]);
    segment.run(702);
    expect(ntpOf(host)?.state).toBe("Answered");
  });
});
