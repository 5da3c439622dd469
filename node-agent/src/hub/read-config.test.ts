import { chainDamping, telecomDamping, undamped } from "@meridian/engine";
import type { EffectiveConfig, PtpReceiver, PtpTransmitter } from "@meridian/proto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type NodeFacts, readEffectiveConfig } from "./read-config.js";

const node: NodeFacts = {
  clock: "virtual:/own",
  steers: true,
  identify: (name) => ({ system: "virtual:/own", "/dev/ptp0": "virtual:/ptp0" })[name] ?? null,
  alreadyStepped: false,
};
const timing = {
  domainNumber: 5,
  interface: "eth0",
  log2SyncInterval: -4,
  log2AnnounceInterval: 0,
  log2DelayRequestInterval: -3,
  announceReceiptTimeout: 4,
  dscp: 46,
};
const receiver = {
  source: "gm-a",
  timing,
  use: "Primary",
  priority: 100,
  independenceGroup: "gnss",
  delayCompensationNanoseconds: -40,
  uncertaintyNanoseconds: 250,
  arbitraryTimescale: "UTC",
  acceptableAddresses: ["10.0.0.1"],
  acceptableClockIdentity: "0a0b0c.fffe.0d0e0f",
};
const transmitter = {
  grandmaster: "gm-a",
  timing,
  priority1: 10,
  priority2: 20,
  reference: "/dev/ptp0",
  referenceType: "PHC",
  uncertaintyNanoseconds: 100,
  delayCompensationNanoseconds: 7,
};
const config: EffectiveConfig = {
  domain: "d",
  role: "OrdinaryClock",
  objective: { maxErrorNanoseconds: 1000, bound: "Calibrated", minimumIndependentSources: 2 },
  servo: { maxSlewPartsPerBillion: 20_000, stepMode: "OnStart", stepThresholdNanoseconds: 5000 },
  receivers: [receiver],
};
const read = (change: EffectiveConfig = {}, facts: Partial<NodeFacts> = {}) =>
  readEffectiveConfig({ ...config, ...change }, { ...node, ...facts });
const readReceivers = (...receivers: PtpReceiver[]) => read({ receivers });
const readTransmitters = (...transmitters: PtpTransmitter[]) => read({ receivers: [], transmitters });

test("a complete configuration becomes the engine's, word for word and number for number", () => {
  const { engine, refused } = read({ transmitters: [{ ...transmitter, timing: { ...timing, interface: "eth1" } }] });
  expect(refused).toEqual([]);
  const engineTiming = {
    domainNumber: 5,
    port: "eth0",
    logSyncInterval: -4,
    logAnnounceInterval: 0,
    logDelayRequestInterval: -3,
    announceReceiptTimeout: 4,
    dscp: 46,
  };
  expect(engine).toEqual({
    clock: "virtual:/own",
    clockScale: "UTC",
    steer: true,
    step: { mode: "OnStart", threshold: 5000 },
    maxSlew: 20_000,
    maxDrift: 1000,
    damping: Math.SQRT1_2,
    receivers: [
      {
        source: "gm-a",
        timing: engineTiming,
        use: "Primary",
        priority: 100,
        independenceGroup: "gnss",
        delayCompensation: -40,
        uncertainty: 250,
        arbitraryTimescale: "UTC",
        acceptableAddresses: ["10.0.0.1"],
        acceptableClockIdentity: 0x0a0b0cfffe0d0e0fn,
      },
    ],
    transmitters: [
      {
        grandmaster: "gm-a",
        timing: { ...engineTiming, port: "eth1" },
        priority1: 10,
        priority2: 20,
        clock: "virtual:/ptp0",
        reference: "PHC",
        uncertainty: 100,
        delayCompensation: 7,
      },
    ],
    associations: [],
    comparisons: [],
    ntpServer: null,
  });
});

test("who follows others and serves its own clock by NTP or PTP is a link of a chain, and damped as one", () => {
  const dampingWith = (change: Parameters<typeof read>[0]) => read(change).engine.damping;
  const eth1 = { ...timing, interface: "eth1" };
  const ofOwnClock = { ...transmitter, timing: eth1, reference: "system", referenceType: "SystemClock" };
  expect(dampingWith({ transmitters: [] })).toBe(undamped);
  expect(dampingWith({ transmitters: [], ntpServer: { allowedCidrs: ["192.0.2.0/24"] } })).toBe(chainDamping);
  expect(dampingWith({ transmitters: [{ ...transmitter, timing: eth1 }] })).toBe(undamped);
  expect(dampingWith({ transmitters: [ofOwnClock] })).toBe(chainDamping);
  expect(dampingWith({ receivers: [], transmitters: [ofOwnClock] })).toBe(undamped);
  const asked = (damping: string) => dampingWith({ transmitters: [ofOwnClock], servo: { damping } });
  expect(["Light", "Chain", "Telecom", "Automatic", "of a newer hub", ""].map(asked)).toEqual([
    undamped,
    chainDamping,
    telecomDamping,
    chainDamping,
    chainDamping,
    chainDamping,
  ]);
});

test("NTP: associations and a server; one with the name of a PTP source is left out, and so is a server for nobody", () => {
  const association = { source: "ntp-a", address: "192.0.2.1", log2MinPollInterval: 4, log2MaxPollInterval: 6, use: "Fallback" };
  const { engine, refused } = read({ associations: [association, { ...association, source: "gm-a" }], ntpServer: {} });
  expect(engine.associations.map(({ source, use, logMinPoll }) => [source, use, logMinPoll])).toEqual([["ntp-a", "Fallback", 4]]);
  expect(engine.ntpServer).toBeNull();
  expect(refused.map(({ part, code }) => `${part} ${code}`)).toEqual([
    "ntp/gm-a MER_AGENT_PART_INVALID",
    "serve/ntp MER_AGENT_PART_INVALID",
  ]);
  expect(read({ ntpServer: { port: 1123, allowedCidrs: ["10.0.0.0/8"] } }).engine.ntpServer).toEqual({
    port: 1123,
    allowed: ["10.0.0.0/8"],
  });
});

test("an empty configuration measures nothing and steers nothing", () => {
  expect(readEffectiveConfig({}, node)).toMatchObject({
    refused: [],
    engine: { steer: false, step: { mode: "Never" }, maxSlew: 50_000, receivers: [], transmitters: [] },
  });
});

describe("a word that this version does not know falls back to the careful one", () => {
  test.each([
    ["OrdinaryClock", true],
    ["Grandmaster", true],
    ["Observer", false],
    ["BoundaryClock", false],
    ["Emperor", false],
    ["", false],
  ])("role %s steers: %s", (role, steer) => {
    expect(read({ role }).engine.steer).toBe(steer);
  });

  test("a node that cannot steer does not, whatever its role", () => {
    expect(read({}, { steers: false }).engine.steer).toBe(false);
  });

  test.each([
    ["OnStart", "OnStart"],
    ["AboveThreshold", "AboveThreshold"],
    ["Never", "Never"],
    ["Sometimes", "Never"],
  ])("step mode %s steps %s", (stepMode, mode) => {
    expect(read({ servo: { stepMode } }).engine.step).toEqual({ mode, threshold: 100_000 });
  });

  test("a clock that was stepped on this boot is not stepped on another start", () => {
    expect(read({}, { alreadyStepped: true }).engine.step.mode).toBe("Never");
    expect(read({ servo: { stepMode: "AboveThreshold" } }, { alreadyStepped: true }).engine.step.mode).toBe("AboveThreshold");
  });

  test("an unknown use only watches, an unknown time scale is refused for phase", () => {
    const { engine } = readReceivers({ ...receiver, use: "Tertiary", arbitraryTimescale: "GPS" });
    expect(engine.receivers[0]).toMatchObject({ use: "Watchdog", arbitraryTimescale: "Refuse" });
  });

  test("an unknown kind of reference is served as free-running", () => {
    expect(readTransmitters({ ...transmitter, referenceType: "Quantum" }).engine.transmitters[0]?.reference).toBe("FreeRunning");
  });
});

describe("a part that does not hold is left out and named, and the others run", () => {
  const invalid = (part: string, message: RegExp, code = "MER_AGENT_PART_INVALID") => [
    { part, ok: false, code, message: expect.stringMatching(message) },
  ];
  const other = { ...receiver, source: "gm-b" };

  test.each<[string, PtpReceiver, RegExp]>([
    ["no timing", { ...receiver, timing: null }, /timing/],
    ["no interface", { ...receiver, timing: { ...timing, interface: "" } }, /interface/],
    ["domainNumber 128", { ...receiver, timing: { ...timing, domainNumber: 128 } }, /domain_number 128 is not in 0 … 127/],
    ["a Sync interval of 2^-8 s", { ...receiver, timing: { ...timing, log2SyncInterval: -8 } }, /log2_sync_interval/],
    ["an Announce interval of 2^5 s", { ...receiver, timing: { ...timing, log2AnnounceInterval: 5 } }, /log2_announce_interval/],
    ["a Delay_Req interval of 2^6 s", { ...receiver, timing: { ...timing, log2DelayRequestInterval: 6 } }, /log2_delay_request_interval/],
    ["a timeout of one Announce", { ...receiver, timing: { ...timing, announceReceiptTimeout: 1 } }, /announce_receipt_timeout/],
    ["DSCP 64", { ...receiver, timing: { ...timing, dscp: 64 } }, /dscp/],
    ["priority 1001", { ...receiver, priority: 1001 }, /priority/],
    ["a fraction", { ...receiver, priority: 0.5 }, /priority/],
    ["not a number", { ...receiver, delayCompensationNanoseconds: Number.NaN }, /delay_compensation/],
    ["a compensation of more than 1 s", { ...receiver, delayCompensationNanoseconds: 1e9 + 1 }, /delay_compensation/],
    ["an uncertainty of more than 1000 s", { ...receiver, uncertaintyNanoseconds: 1e12 + 1 }, /uncertainty/],
    ["a clock identity of another form", { ...receiver, acceptableClockIdentity: "0a:0b" }, /acceptableClockIdentity/],
  ])("a receiver with %s", (_what, bad, message) => {
    const { engine, refused } = readReceivers(bad, other);
    expect(refused).toEqual(invalid("ptp/gm-a", message));
    expect(engine.receivers.map(({ source }) => source)).toEqual(["gm-b"]);
  });

  test("a receiver without a name", () => {
    expect(readReceivers({ ...receiver, source: "" }).refused).toEqual(invalid("ptp/", /source/));
  });

  test.each<[string, PtpTransmitter, RegExp]>([
    ["priority1 256", { ...transmitter, priority1: 256 }, /priority1/],
    ["priority2 -1", { ...transmitter, priority2: -1 }, /priority2/],
    ["a negative uncertainty", { ...transmitter, uncertaintyNanoseconds: -1 }, /uncertainty/],
    ["a compensation of more than 1 s", { ...transmitter, delayCompensationNanoseconds: -1e10 }, /delay_compensation/],
    ["no timing", { ...transmitter, timing: null }, /timing/],
  ])("a transmitter with %s", (_what, bad, message) => {
    const { engine, refused } = readTransmitters(bad, { ...transmitter, grandmaster: "gm-b" });
    expect(refused).toEqual(invalid("serve/gm-a", message));
    expect(engine.transmitters.map(({ grandmaster }) => grandmaster)).toEqual(["gm-b"]);
  });

  test.each(["/dev/ptp7", ""])("a transmitter whose reference is the unknown clock '%s'", (reference) => {
    const { refused } = readTransmitters({ ...transmitter, reference });
    expect(refused).toEqual(invalid("serve/gm-a", /no clock/, "MER_AGENT_CLOCK_UNKNOWN"));
  });

  test("the second of one name", () => {
    const { engine, refused } = readReceivers(receiver, { ...receiver, priority: 1 }, other);
    expect(refused).toEqual(invalid("ptp/gm-a", /twice/));
    expect(engine.receivers.map(({ source, priority }) => [source, priority])).toEqual([
      ["gm-a", 100],
      ["gm-b", 100],
    ]);
  });

  test("the ninth of a kind", () => {
    const { engine, refused } = readReceivers(...Array.from({ length: 9 }, (_, index) => ({ ...receiver, source: `s${index}` })));
    expect(engine.receivers).toHaveLength(8);
    expect(refused).toEqual(invalid("ptp/s8", /8 parts/));
  });

  test("a second clock on an interface whose packets are stamped with the first", () => {
    const { engine, refused } = read({ transmitters: [transmitter] });
    expect(refused).toEqual(invalid("serve/gm-a", /eth0 is stamped with virtual:\/own/));
    expect(engine.receivers).toHaveLength(1);
    expect(readTransmitters(transmitter, { ...transmitter, grandmaster: "gm-b", reference: "system" }).refused).toEqual(
      invalid("serve/gm-b", /stamped with virtual:\/ptp0/),
    );
    expect(readTransmitters(transmitter, { ...transmitter, grandmaster: "gm-b" }).refused).toEqual([]);
  });
});

test("what is left out means the default, and a slew is never faster than the limit", () => {
  const { engine } = read({
    servo: { maxSlewPartsPerBillion: 4e9 },
    objective: null,
    receivers: [{ source: "a", timing: { interface: "eth0" } }],
  });
  expect(engine.maxSlew).toBe(500_000);
  expect(engine.receivers[0]).toMatchObject({
    use: "Watchdog",
    independenceGroup: "a",
    uncertainty: null,
    acceptableClockIdentity: null,
    timing: { announceReceiptTimeout: 3, domainNumber: 0, dscp: 0 },
  });
});

test("no number that a newer or broken hub may send reaches the engine out of range", () => {
  const any = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.double());
  fc.assert(
    fc.property(any, any, any, any, (domainNumber, log2SyncInterval, priority, dscp) => {
      const { engine, refused } = readReceivers({ ...receiver, priority, timing: { ...timing, domainNumber, log2SyncInterval, dscp } });
      expect(engine.receivers.length + refused.length).toBe(1);
      for (const { priority: taken, timing: numbers } of engine.receivers) {
        for (const value of [taken, ...Object.values(numbers).filter((it) => typeof it === "number")])
          expect(value).toSatisfy(Number.isInteger);
        expect(taken >= 0 && taken <= 1000 && numbers.domainNumber >= 0 && numbers.domainNumber <= 127).toBe(true);
        expect(numbers.logSyncInterval >= -7 && numbers.logSyncInterval <= 4 && numbers.dscp >= 0 && numbers.dscp <= 63).toBe(true);
      }
    }),
  );
});
