import { describe, expect, it } from "vitest";
import { SimulatedNtpServer } from "./sim/ntp-responder.js";
import { createRandom } from "./sim/random.js";
import type { Segment } from "./sim/segment.js";
import type { SegmentHost } from "./sim/segment-host.js";
import { addServer, addWorker, asks, aSegment, dropped, isCovered, ntpOf, selected, state } from "./testing/a-segment.js";
import { encodeNtp } from "./wire/ntp/encode.js";

const a = "10.1.0.1";
const b = "10.1.0.2";

/** Root mean square of the clock's error from `from` until `until`, ns. */
function measureError(segment: Segment, host: SegmentHost, from: number, until: number): number {
  segment.run(from);
  let squares = 0;
  let count = 0;
  segment.run(until, (at) => {
    squares += host.errorAt(at) ** 2;
    count += 1;
  });
  return Math.sqrt(squares / count);
}

describe("a node that has nothing but NTP", () => {
  it("is within 10 µs in half a second, locks with one step, and covers its error all along", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    segment.run(0.5);
    expect(Math.abs(host.errorAt(0.5))).toBeLessThan(10_000);
    let uncovered = 0;
    segment.run(60, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(state(host)).toBe("PhaseAligned");
    expect(selected(host)).toBe("a");
    expect(Math.abs(host.errorAt(60))).toBeLessThan(1000);
    expect(host.publications.at(-1)?.what.guaranteed).toBeLessThan(100_000);
    expect(host.steps).toHaveLength(1);
    expect(uncovered).toBe(0);
    expect(ntpOf(host)).toEqual({
      state: "Answered",
      address: a,
      stratum: 1,
      followedStratum: 1,
      referenceId: "GPS",
      rootDelay: 0,
      poll: 1,
      reachability: 255,
      interleaved: false,
    });
  });

  it("finds true time from a clock that stands forty days wrong", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] }, { offset: -40 * 86_400e9 });
    segment.run(30);
    expect(state(host)).toBe("PhaseAligned");
    expect(Math.abs(host.errorAt(30))).toBeLessThan(5000);
    expect(host.steps).toHaveLength(1);
  });

  it("adds what a server says of its own error to both bounds, and no less than that covers it", () => {
    const segment = aSegment();
    const server = addServer(segment, a, () => 900_000);
    server.fields = { ...server.fields, stratum: 2, referenceId: 0x01020304, rootDelay: 1e6, rootDispersion: 500_000 };
    const host = addWorker(segment, { associations: [asks("a", a)] });
    let uncovered = 0;
    segment.run(60, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(host.errorAt(60)).toBeGreaterThan(800_000);
    expect(host.publications.at(-1)?.what.calibrated).toBeGreaterThan(1e6);
    expect(uncovered).toBe(0);
  });

  it("reads labels as TAI where the clock is one", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)], clockScale: "TAI" });
    segment.run(30);
    expect(host.errorAt(30)).toBeGreaterThan(37e9 - 1000);
    expect(host.errorAt(30)).toBeLessThan(37e9 + 1000);
  });

  it("loses samples, not the lock, when half of all packets are lost", () => {
    const random = createRandom(5, 1);
    const segment = aSegment({ loses: () => random.uniform() < 0.5 });
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a, { interleaved: true })] });
    let uncovered = 0;
    segment.run(120, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(state(host)).toBe("PhaseAligned");
    expect(Math.abs(host.errorAt(120))).toBeLessThan(5000);
    expect(uncovered).toBe(0);
    expect(ntpOf(host)?.interleaved).toBe(true);
  });

  it("is aligned again within a minute when somebody else stepped the clock, though it asks every 64 s", () => {
    const segment = aSegment();
    addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a, { logMinPoll: 6, logMaxPoll: 6 })] });
    segment.run(400);
    expect(state(host)).toBe("PhaseAligned");
    host.step(400, 50_000);
    segment.run(460);
    expect(Math.abs(host.errorAt(460))).toBeLessThan(5000);
    expect(state(host)).toBe("PhaseAligned");
  });

  it("believes no answer twice, and none that it did not ask for", () => {
    const captured: Uint8Array[] = [];
    const segment = aSegment({
      rewrites: ({ to, bytes }) => void (to === "worker" && captured.push(Uint8Array.from(bytes))),
    });
    const server = addServer(segment, a);
    const host = addWorker(segment, { associations: [asks("a", a)] });
    const twin = aSegment();
    addServer(twin, a);
    const undisturbed = addWorker(twin, { associations: [asks("a", a)] });
    segment.run(20);
    twin.run(20);
    const forged = encodeNtp({ ...server.fields, transmit: { high: 1, low: 1 }, receive: { high: 1, low: 1 } });
    for (const bytes of [...captured, forged, forged.slice(0, 30), new Uint8Array(1501)]) segment.ntp.inject(host, "ntp/a", a, bytes);
    segment.ntp.inject(host, "ntp/a", b, forged);
    expect(dropped(host, "duplicate")).toBe(8);
    expect(dropped(host, "origin")).toBe(captured.length - 8 + 1);
    expect(dropped(host, "truncated")).toBe(1);
    expect(dropped(host, "oversized")).toBe(1);
    segment.run(60);
    twin.run(60);
    expect(host.errorAt(60)).toBe(undisturbed.errorAt(60));
  });

  it("is deterministic: the same seeds give the same publications", () => {
    const tell = (): unknown => {
      const segment = aSegment();
      addServer(segment, a);
      const host = addWorker(segment, { associations: [asks("a", a, { interleaved: true })] });
      segment.run(20);
      return host.publications.map(({ at, what }) => [at, what.state, what.offset, what.calibrated]);
    };
    expect(tell()).toEqual(tell());
  });
});

describe("interleaved mode (RFC 9769)", () => {
  /** A server that writes its transmit timestamp 10 µs and more before the answer goes. */
  function addLateServer(segment: Segment, interleaves = true): SimulatedNtpServer {
    const random = createRandom(3, 3);
    const writesBefore = () => 10e-6 + 40e-6 * random.exponential();
    return segment.addServer(new SimulatedNtpServer({ name: "late", address: a, writesBefore, interleaves }));
  }
  const worst = (interleaved: boolean, interleaves = true): number => {
    const segment = aSegment();
    addLateServer(segment, interleaves);
    const host = addWorker(segment, { associations: [asks("a", a, { interleaved })] });
    return measureError(segment, host, 60, 160);
  };

  it("takes the server's user space out of the error", () => {
    const basic = worst(false);
    expect(basic).toBeGreaterThan(3000);
    expect(worst(true)).toBeLessThan(basic / 20);
  });

  it("falls back by itself where the server does not know it", () => {
    const segment = aSegment();
    addLateServer(segment, false);
    const host = addWorker(segment, { associations: [asks("a", a, { interleaved: true })] });
    segment.run(60);
    expect(state(host)).toBe("PhaseAligned");
    expect(ntpOf(host)?.interleaved).toBe(false);
  });

  it("sends nothing but cookies and the label by which the server knows the exchange", () => {
    const requests: Uint8Array[] = [];
    const segment = aSegment({ rewrites: ({ from, bytes }) => void (from === "worker" && requests.push(bytes)) });
    addLateServer(segment);
    addWorker(segment, { associations: [asks("a", a, { interleaved: true })] });
    segment.run(20);
    const words = (bytes: Uint8Array, at: number, octets = 8): string => Buffer.from(bytes).toString("hex", at, at + octets);
    expect(requests.length).toBeGreaterThan(15);
    for (const bytes of requests) {
      expect(bytes).toHaveLength(48);
      expect(words(bytes, 0, 2)).toBe("2300");
      expect(words(bytes, 3, 21)).toBe("20" + "00".repeat(20));
    }
    const cookies = requests.flatMap((bytes) => [words(bytes, 40), ...(words(bytes, 32) === "0000000000000000" ? [] : [words(bytes, 32)])]);
    expect(new Set(cookies).size).toBe(cookies.length);
    expect(cookies.length).toBeGreaterThan(requests.length + 10);
  });
});
