import { describe, expect, it } from "vitest";
import type { EngineConfig, ReceiverInstanceConfig, TransmitterInstanceConfig } from "./engine-config.js";
import { createRandom } from "./sim/random.js";
import { type Packet, Segment } from "./sim/segment.js";
import type { SegmentHost } from "./sim/segment-host.js";
import {
  aDelay,
  addWorker as addNode,
  anEngine,
  aSegment,
  dropped,
  follows,
  isCovered,
  nothing,
  selected,
  serves,
  state,
} from "./testing/a-segment.js";
import { encodeMessage } from "./wire/ptp/encode.js";
import { decodeMessage } from "./wire/ptp/decode.js";

const worker = (...receivers: ReceiverInstanceConfig[]): EngineConfig => ({ ...nothing, receivers });

const addGrandmaster = (
  segment: Segment,
  name: string,
  domainNumber: number,
  change: Partial<TransmitterInstanceConfig> = {},
): SegmentHost => segment.add({ name, engine: anEngine(domainNumber), offset: 0, frequency: 0 }, serves(name, domainNumber, change));
const addWorker = (segment: Segment, ...receivers: ReceiverInstanceConfig[]): SegmentHost => addNode(segment, { receivers });
const portStates = (host: SegmentHost): string[] => host.events.flatMap((event) => (event.kind === "PortStateChanged" ? [event.to] : []));

describe("engine over a simulated segment", () => {
  it("locks a clock that is 37 ms and 18 ppm wrong, with one step, and covers its error all along", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    let uncovered = 0;
    segment.run(60, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(state(host)).toBe("PhaseAligned");
    expect(Math.abs(host.errorAt(60))).toBeLessThan(1000);
    expect(host.steps).toHaveLength(1);
    expect(uncovered).toBe(0);
    expect(portStates(host)).toEqual(["UNCALIBRATED", "SLAVE"]);
  });

  it("publishes the grandmaster's own bound from what its owner vouches for", () => {
    const segment = aSegment();
    const host = addGrandmaster(segment, "gm", 1, { uncertainty: 250 });
    segment.run(3);
    expect(host.publications.at(-1)?.what).toMatchObject({
      state: "PhaseAligned",
      reason: "OwnsReference",
      calibrated: 250,
      guaranteed: 250,
      selected: null,
    });
  });

  it("vouches for nothing when the reference runs free, and its followers do not publish a bound", () => {
    const segment = aSegment();
    const grandmaster = addGrandmaster(segment, "gm", 1, { reference: "FreeRunning" });
    const host = addWorker(segment, follows("gm", 1));
    segment.run(30);
    expect(grandmaster.publications.at(-1)?.what).toMatchObject({ state: "FreeRunning", calibrated: null });
    expect(host.publications.at(-1)?.what.calibrated).toBeNull();
  });

  it("follows the second grandmaster when the first falls silent, without a step", () => {
    const segment = aSegment();
    const first = addGrandmaster(segment, "gm-a", 1);
    addGrandmaster(segment, "gm-b", 2);
    const host = addWorker(segment, follows("gm-a", 1, { priority: 200 }), follows("gm-b", 2));
    segment.run(30.4); // between two votes
    expect(selected(host)).toBe("gm-a");
    segment.remove(first);
    let worst = 0;
    let uncovered = 0;
    segment.run(60, (at) => {
      worst = Math.max(worst, Math.abs(host.errorAt(at)));
      uncovered += isCovered(host, at) ? 0 : 1;
    });
    expect(selected(host)).toBe("gm-b");
    expect(host.steps).toHaveLength(1);
    expect(worst).toBeLessThan(5000);
    expect(uncovered).toBe(0);
    // The second one was measured all along: there is no moment without a source.
    expect(host.publications.map(({ what }) => what.state)).not.toContain("Holdover");
  });

  it("holds over when every source is gone, with a bound that grows and still covers", () => {
    const segment = aSegment();
    const grandmaster = addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    segment.run(60);
    const before = host.publications.at(-1)?.what.guaranteed ?? 0;
    segment.remove(grandmaster);
    let uncovered = 0;
    segment.run(160, (at) => (uncovered += isCovered(host, at) ? 0 : 1));
    expect(state(host)).toBe("Holdover");
    expect(host.publications.at(-1)?.what.guaranteed ?? 0).toBeGreaterThan(before);
    expect(uncovered).toBe(0);
    expect(host.steps).toHaveLength(1);
  });

  it("goes on after its interface was away, and steps nothing", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    segment.run(30);
    segment.losePort(host);
    segment.run(50);
    expect(host.open.size).toBe(0);
    host.interfaces.add("eth0");
    segment.run(120);
    expect(host.open.has("eth0")).toBe(true);
    expect(state(host)).toBe("PhaseAligned");
    expect(host.steps).toHaveLength(1);
  });

  it("goes on hearing a source whose settings changed after its interface was away", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    segment.run(20);
    segment.losePort(host);
    segment.run(25);
    host.interfaces.add("eth0");
    segment.run(60);
    segment.configure(host, worker(follows("gm", 1, { priority: 7 })));
    segment.run(90);
    expect(state(host)).toBe("PhaseAligned");
    expect(host.publications.at(-1)?.what.sources).toMatchObject([{ state: "Healthy" }]);
  });

  it("loses single samples, not the lock, when packets and transmit stamps go missing", () => {
    const random = createRandom(5, 1);
    const segment = aSegment({ loses: () => random.uniform() < 0.3, withholdsStamp: () => random.uniform() < 0.3 });
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    segment.run(60);
    expect(state(host)).toBe("PhaseAligned");
    expect(dropped(host, "no-stamp")).toBeGreaterThan(0);
  });

  it("keeps running parts as they are when the configuration changes around them", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm-a", 1);
    addGrandmaster(segment, "gm-b", 2);
    const host = addWorker(segment, follows("gm-a", 1));
    segment.run(30);
    segment.configure(host, worker(follows("gm-a", 1), follows("gm-b", 2)));
    segment.run(31);
    expect(portStates(host).filter((word) => word === "LISTENING")).toHaveLength(0);
    expect(state(host)).toBe("PhaseAligned");
    segment.run(60);
    segment.configure(host, worker(follows("gm-b", 2)));
    segment.run(90);
    expect(selected(host)).toBe("gm-b");
    expect(host.steps).toHaveLength(1);
  });

  it("commands nothing in observe mode, and says how wrong the clock is", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1);
    const host = segment.add(
      { name: "worker", engine: anEngine(3), offset: 5000, frequency: 0 },
      { ...worker(follows("gm", 1)), steer: false },
    );
    segment.run(30);
    expect(host.steps).toHaveLength(0);
    expect(host.frequencyCommand).toBe(0);
    expect(host.publications.at(-1)?.what.offset).toBeGreaterThan(4000);
    expect(host.publications.at(-1)?.what.offset).toBeLessThan(6000);
  });

  it("drops what is malformed, of another domain or another version, and counts it by reason", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    segment.run(20);
    const sync = encodeMessage({
      type: "Sync",
      header: {
        sdoId: 0,
        minorVersion: 1,
        domainNumber: 55,
        flags: 0,
        correction: 0,
        source: { clockIdentity: 9n, portNumber: 1 },
        sequenceId: 1,
        logInterval: 0,
      },
      origin: { seconds: 1, nanoseconds: 0 },
    });
    const version = Uint8Array.from(sync);
    version[1] = 0x03;
    const profile = Uint8Array.from(sync);
    profile[0] = 0x10;
    for (const bytes of [sync, version, profile, sync.slice(0, 12), new Uint8Array(2000)]) segment.inject(host, bytes);
    expect(dropped(host, "domain")).toBe(1);
    expect(dropped(host, "version")).toBe(1);
    expect(dropped(host, "sdo-id")).toBe(1);
    expect(dropped(host, "truncated")).toBe(1);
    expect(dropped(host, "oversized")).toBe(1);
    segment.run(40);
    expect(state(host)).toBe("PhaseAligned");
  });

  it("obeys only the addresses and the identity it was told to", () => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1, { acceptableAddresses: ["10.0.0.9"] }));
    segment.run(20);
    expect(selected(host) ?? null).toBeNull();
    expect(dropped(host, "not-acceptable")).toBeGreaterThan(0);
    expect(host.steps).toHaveLength(0);
  });

  it("names a grandmaster whose currentUtcOffset the leap table denies, and follows it once it announces the right one", () => {
    let announced = 36;
    const segment = aSegment({
      rewrites({ bytes }) {
        const decoded = decodeMessage(bytes);
        if (decoded.kind === "message" && decoded.message.type === "Announce") new DataView(bytes.buffer).setInt16(44, announced);
      },
    });
    addGrandmaster(segment, "gm", 1);
    const host = addWorker(segment, follows("gm", 1));
    segment.run(20);
    expect(host.publications.at(-1)?.what.sources).toMatchObject([{ state: "Unsynchronized", reason: "UtcOffsetDisputed" }]);
    expect(host.publications.at(-1)?.what).toMatchObject({ selected: null, calibrated: null, guaranteed: null });
    expect(host.steps).toHaveLength(0);
    announced = 37;
    segment.run(60);
    expect(state(host)).toBe("PhaseAligned");
    expect(Math.abs(host.errorAt(60))).toBeLessThan(1000);
  });

  it.each([
    ["the grandmaster", { delayCompensation: 5000 }, {}],
    ["the receiver", {}, { delayCompensation: 5000 }],
  ])("reads true time as label + compensation when %s applies it", (_who, served, followed) => {
    const segment = aSegment();
    addGrandmaster(segment, "gm", 1, served);
    const host = addWorker(segment, follows("gm", 1, followed));
    segment.run(40);
    expect(host.errorAt(40)).toBeGreaterThan(4500);
    expect(host.errorAt(40)).toBeLessThan(5500);
  });

  it("answers every Delay_Req of its domain with the request's own correction", () => {
    const segment = aSegment();
    const seen: Packet[] = [];
    const watched = new Segment({
      delay: aDelay(1),
      loses: (packet) => {
        seen.push(packet);
        return false;
      },
    });
    void segment;
    addGrandmaster(watched, "gm", 1);
    addWorker(watched, follows("gm", 1));
    watched.run(10);
    const types = seen
      .map(({ bytes }) => decodeMessage(bytes))
      .map((decoded) => (decoded.kind === "message" ? decoded.message.type : "malformed"));
    const count = (type: string) => types.filter((word) => word === type).length;
    expect(count("malformed")).toBe(0);
    expect(count("Delay_Req")).toBeGreaterThan(80);
    expect(Math.abs(count("Delay_Req") - count("Delay_Resp"))).toBeLessThanOrEqual(1);
    expect(Math.abs(count("Sync") - count("Follow_Up"))).toBeLessThanOrEqual(1);
    expect(count("Sync")).toBeGreaterThan(155);
  });

  it("lets packets wait only when it is locked and they come faster than it decides, and never those of others", () => {
    const segment = aSegment();
    const grandmaster = anEngine(1);
    segment.add({ name: "gm", engine: grandmaster, offset: 0, frequency: 0 }, serves("gm", 1));
    const engine = anEngine(99);
    segment.add({ name: "worker", engine, offset: 37e6, frequency: 18_000 }, worker(follows("gm", 1)));
    segment.run(1);
    expect(engine.patience()).toBe(0);
    segment.run(30);
    expect(engine.patience()).toBeGreaterThan(1 / 16);
    // Two exchanges wait together at most: a receiver keeps eight open.
    expect(engine.patience()).toBeLessThanOrEqual(4 / 16);
    expect(grandmaster.patience()).toBe(0);
  });

  it("is deterministic: the same seeds give the same publications", () => {
    const tell = (): unknown => {
      const segment = aSegment();
      addGrandmaster(segment, "gm", 1);
      const host = addWorker(segment, follows("gm", 1));
      segment.run(20);
      return host.publications.map(({ at, what }) => [at, what.state, what.offset, what.calibrated]);
    };
    expect(tell()).toEqual(tell());
  });
});
