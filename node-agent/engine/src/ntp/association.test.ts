import { describe, expect, it } from "vitest";
import type { NtpHeader } from "../wire/ntp/header.js";
import { referenceIdOfAddress, referenceIdOfText } from "../wire/ntp/reference-id.js";
import { timestampOf, zeroTimestamp } from "../wire/ntp/timestamp.js";
import { disturbAssociation } from "./association.js";
import type { AssociationMachine } from "./association-data.js";
import { Association, ourselves, server, trueInstant } from "./testing/an-association.js";

describe("an exchange", () => {
  it("becomes one measurement each way, local minus server, both of the local event", () => {
    const association = new Association();
    association.exchange(1);
    expect(association.measurements).toMatchObject([
      { kind: "toRemote", value: 10_000 - 5000, at: 1, localEra: 3, remoteEra: 0, stampClass: "kernel", hardMin: 0, resolution: 1 },
      { kind: "toLocal", value: 20_000 + 5000, at: 1 + 35e-6, localEra: 3, remoteEra: 0 },
    ]);
    expect(association.dropped).toEqual([]);
  });

  it("reads labels in the scale of a TAI clock", () => {
    const association = new Association({ clockScale: "TAI" });
    association.ahead = 37e9 + 5000;
    association.exchange(1);
    expect(association.values).toEqual([
      ["toRemote", 5000],
      ["toLocal", 25_000],
    ]);
  });

  it("is whole when its transmit stamp comes after the answer", () => {
    const association = new Association().tick(1);
    association.hear(association.answer(1.00001, 1.000015), 1.000035);
    expect(association.values).toEqual([]);
    expect(association.sent(1).values).toHaveLength(2);
    expect(association.sent(1).values).toHaveLength(2);
  });

  it("says nothing without its transmit stamp, or without a receive stamp", () => {
    const association = new Association().tick(1).unsent();
    association.hear(association.answer(1.00001, 1.000015), 1.000035);
    association.tick(3).sent(3);
    association.hear(association.answer(3.00001, 3.000015), 3.000035, false);
    expect(association.values).toEqual([]);
    expect(association.dropped).toEqual(["no-stamp", "no-stamp"]);
  });

  it("takes the era and the steering of each of its stamps", () => {
    const association = new Association().tick(1).sent(1);
    association.era = 4;
    association.steering = -2000;
    association.ahead = 3000;
    association.hear(association.answer(1.00001, 1.000015), 1.000035);
    expect(association.measurements).toMatchObject([
      { kind: "toRemote", value: 5000, localEra: 3, steering: 0 },
      { kind: "toLocal", value: 23_000, localEra: 4, steering: -2000 },
    ]);
  });

  it("answers to any of the newest requests, each once", () => {
    const association = new Association();
    for (let i = 0; i < 9; i++) association.tick(i * 2 + 1).sent(i * 2 + 1);
    const at = 18;
    association.hear(association.answer(at, at, 0), at);
    expect(association.dropped).toEqual(["origin"]);
    const answer = association.answer(1.5 + 2, 1.6 + 2, 1);
    association.hear(answer, at).hear(answer, at);
    expect(association.dropped).toEqual(["origin", "duplicate"]);
    expect(association.values).toHaveLength(2);
  });
});

describe("an answer that is not used", () => {
  const label = (at: number) => timestampOf(trueInstant(at));
  it.each<[string, Partial<NtpHeader>, string]>([
    ["without our cookie", { origin: { high: 1, low: 2 } }, "origin"],
    ["with no cookie at all", { origin: zeroTimestamp }, "origin"],
    ["from a client", { mode: 3 }, "mode"],
    ["from a peer", { mode: 2 }, "mode"],
    ["by broadcast", { mode: 5 }, "mode"],
    ["of version 2", { version: 2 }, "version"],
    ["without a receive timestamp", { receive: zeroTimestamp }, "zero-timestamp"],
    ["without a transmit timestamp", { transmit: zeroTimestamp }, "zero-timestamp"],
    ["whose clock was set after it answered", { reference: label(5) }, "reference-in-future"],
    ["sent before it was received", { transmit: label(1.000009) }, "transmit-before-receive"],
    ["that spent longer in the server than on the way", { transmit: label(1.00005) }, "negative-delay"],
    ["of a server that has no time", { leap: 3 }, "unsynchronized"],
    ["of stratum 16", { stratum: 16 }, "unsynchronized"],
    ["of a reserved stratum", { stratum: 200 }, "unsynchronized"],
    ["a second and a half from truth", { rootDelay: 1e9, rootDispersion: 1e9 }, "root-distance"],
    ["of a server that follows us", { stratum: 2, referenceId: referenceIdOfAddress(ourselves) ?? 0 }, "loop"],
  ])("%s is dropped with its reason, and nothing is measured", (_sentence, change, reason) => {
    const association = new Association().exchange(1, change);
    expect(association.dropped).toEqual([reason]);
    expect(association.measurements.filter(({ remoteState }) => !remoteState.uncertain)).toEqual([]);
  });

  it("is none of these when a stratum 1 server's letters happen to be our address, or its reference is of the same second", () => {
    const referenceId = referenceIdOfAddress(ourselves) ?? 0;
    expect(new Association().exchange(1, { referenceId, reference: label(1) }).dropped).toEqual([]);
    expect(new Association().exchange(1, { version: 3 }).dropped).toEqual([]);
  });

  it("tells the ensemble when the server itself says that it has no time", () => {
    const association = new Association().exchange(1).exchange(3, { leap: 3, stratum: 16 });
    expect(association.measurements.at(-1)).toMatchObject({ value: 0, remoteState: { uncertain: true, leap: null } });
    expect(association.data).toMatchObject({ trouble: "Unsynchronized", poll: { reach: 0b10, unanswered: 0 } });
  });
});

describe("what the server says of its time", () => {
  it.each<[string, Partial<AssociationMachine>, Partial<NtpHeader>, object]>([
    ["half its delay and its dispersion", {}, { rootDelay: 2e6, rootDispersion: 1e6 }, { rootHard: 2e6, rootSystematic: 2e6 }],
    ["the user vouches for less", { uncertainty: 1000 }, { rootDispersion: 1e6 }, { rootHard: 1e6, rootSystematic: 1000 }],
    ["the user vouches for more", { uncertainty: 5e6 }, { rootDispersion: 1e6 }, { rootHard: 5e6, rootSystematic: 5e6 }],
    ["a leap second to come", {}, { leap: 1 }, { leap: 1 }],
    ["a leap second to go", {}, { leap: 2 }, { leap: -1 }],
    ["none", {}, {}, { leap: 0, scale: "UTC", taiMinusUtc: null, uncertain: false, stepsRemoved: 0, path: ["GPS"] }],
    ["stratum 3", {}, { stratum: 3, referenceId: 0x01020304 }, { stepsRemoved: 2, path: ["1.2.3.4"] }],
  ])("%s", (_sentence, config, change, remote) => {
    const association = new Association(config).exchange(1, change);
    expect(association.measurements.at(-1)?.remoteState).toMatchObject(
      Object.fromEntries(
        Object.entries(remote).map(([key, value]) => [key, typeof value === "number" ? expect.closeTo(value, -5) : value]),
      ),
    );
  });

  it.each([
    [-30, 1],
    [-20, 2 ** -20 * 1e9],
    [-6, 15_625_000],
    [127, 1e9],
  ])("precision %i is a resolution of %f ns", (precision, resolution) => {
    expect(new Association().exchange(1, { precision }).measurements.at(-1)?.resolution).toBe(resolution);
  });
});

describe("a server that was unsynchronized", () => {
  it("and comes back with the same time has the same era", () => {
    const association = new Association().exchange(1).exchange(3, { leap: 3 }).exchange(5);
    expect(association.measurements.map(({ remoteEra }) => remoteEra)).toEqual([0, 0, 0, 0, 0]);
  });

  it("and comes back with another has a new one, from that exchange on", () => {
    const association = new Association().exchange(1).exchange(3, { leap: 3 });
    association.ahead += 10e6;
    association.exchange(5).exchange(7);
    expect(association.measurements.map(({ remoteEra }) => remoteEra)).toEqual([0, 0, 0, 1, 1, 1, 1]);
  });

  it("is asked for its own word on that exchange when it is interleaved, so that nothing of the old era is told of it", () => {
    const association = new Association({ interleaved: true }).exchange(1).exchange(3).exchange(5, { leap: 3 });
    const before = association.measurements.length;
    association.ahead += 10e6;
    association.exchange(7);
    expect(association.measurements.slice(before).map(({ kind, remoteEra }) => [kind, remoteEra])).toEqual([
      ["toRemote", 1],
      ["toLocal", 1],
    ]);
  });

  it("is not said to have jumped by what its answers leave open", () => {
    const association = new Association().exchange(1).exchange(3, { leap: 3 });
    association.ahead += 12_000;
    association.exchange(5);
    expect(association.data.remoteEra).toBe(0);
  });
});

describe("interleaved mode (RFC 9769 2)", () => {
  const interleaved = { interleaved: true };
  const label = (at: number) => timestampOf(trueInstant(at));
  /** Asked at `at`; the answer brings T3 of the one before. */
  const ask = (association: Association, at: number, transmit: number): Association => {
    association.tick(at).sent(at);
    const origin = association.requests.at(-1)?.header.receive ?? zeroTimestamp;
    return association.hear(association.answer(at + 10e-6, transmit, association.requests.length - 1, { origin }), at + 35e-6);
  };

  it("names the exchange before by its receive label, with two cookies, from the first answer on", () => {
    const association = new Association(interleaved).exchange(1).tick(3);
    const [first, second] = association.requests.map(({ header }) => header);
    expect(first).toMatchObject({ origin: zeroTimestamp, receive: zeroTimestamp });
    expect(second?.origin).toEqual(label(1.00001));
    expect(second?.receive).not.toEqual(zeroTimestamp);
    expect(second?.receive).not.toEqual(second?.transmit);
  });

  it("tells toRemote at once and toLocal with the true T3, each exchange once", () => {
    const association = new Association(interleaved).exchange(1);
    expect(association.values).toEqual([["toRemote", 5000]]);
    ask(association, 3, 1.000025);
    ask(association, 5, 3.000027);
    expect(association.measurements.map(({ kind, value, at }) => [kind, value, at])).toEqual([
      ["toRemote", 5000, 1],
      ["toLocal", 15_000, 1 + 35e-6],
      ["toRemote", 5000, 3],
      ["toLocal", 13_000, 3 + 35e-6],
      ["toRemote", 5000, 5],
    ]);
    expect(association.data.interleaved).toBe(true);
  });

  it("uses what the server wrote when it answers in basic mode, and stops waiting after two", () => {
    const association = new Association(interleaved).exchange(1).exchange(3);
    expect(association.values).toHaveLength(3);
    association.exchange(5);
    expect(association.values).toHaveLength(6);
    association.exchange(7);
    expect(association.values).toHaveLength(8);
    expect(association.requests.at(-1)?.header.origin).toEqual(label(5.00001));
    expect(association.data.interleaved).toBe(false);
  });

  it("goes over to true stamps once the server has them, without telling an exchange twice", () => {
    const association = new Association(interleaved).exchange(1).exchange(3).exchange(5).exchange(7);
    ask(association, 9, 7.000025);
    expect(association.values).toHaveLength(9);
    ask(association, 11, 9.000025);
    expect(association.measurements.slice(-2).map(({ kind, at }) => [kind, at])).toEqual([
      ["toLocal", 9 + 35e-6],
      ["toRemote", 11],
    ]);
  });

  it("asks on by the exchange that was answered last while answers are lost, and from the start after four", () => {
    const association = new Association(interleaved).exchange(1);
    for (const at of [3, 5, 7, 9]) association.tick(at).sent(at);
    expect(association.requests.slice(1).map(({ header }) => header.origin)).toEqual(Array.from({ length: 4 }, () => label(1.00001)));
    ask(association, 11, 1.000025);
    expect(association.requests.at(-1)?.header.origin).toEqual(zeroTimestamp);
    const late = new Association(interleaved).exchange(1);
    for (const at of [3, 5]) late.tick(at).sent(at);
    ask(late, 7, 1.000025);
    expect(late.values).toEqual([
      ["toRemote", 5000],
      ["toLocal", 15_000],
      ["toRemote", 5000],
    ]);
  });

  it("refuses a true T3 that cannot be", () => {
    const association = new Association(interleaved).exchange(1);
    ask(association, 3, 2);
    expect(association.dropped).toEqual(["negative-delay"]);
    expect(association.values).toEqual([
      ["toRemote", 5000],
      ["toRemote", 5000],
    ]);
  });
});

describe("kisses of death", () => {
  const kiss = (code: string): Partial<NtpHeader> => ({ leap: 3, stratum: 0, referenceId: referenceIdOfText(code) });

  it("RATE counts once, however many answers are under way", () => {
    const association = new Association().exchange(1);
    association.tick(1.1).tick(1.2).tick(1.3);
    const before = association.requests.length;
    expect(before).toBeGreaterThan(2);
    for (let which = 1; which < before; which++) association.hear(association.answer(1.4, 1.4, which, kiss("RATE")), 1.4);
    expect(association.dropped).toEqual(["kiss-rate", ...Array.from({ length: before - 2 }, () => "duplicate")]);
    expect(association.data.poll).toMatchObject({ log: 1, next: 3.4 });
    expect(association.data.trouble).toBe("RateLimited");
  });

  it("DENY is told to the ensemble, and does not touch what was learnt of the server", () => {
    const association = new Association().exchange(1).exchange(3, kiss("DENY"));
    expect(association.data).toMatchObject({ trouble: "Denied", stratum: 1, poll: { next: 3603.000035, denials: 1 } });
    expect(association.measurements.at(-1)?.remoteState.uncertain).toBe(true);
  });

  it("others say that it has no time", () => {
    expect(new Association().exchange(1, kiss("INIT")).data.trouble).toBe("Unsynchronized");
  });
});

describe("a socket that is opened anew", () => {
  it("to the same server keeps what it wished, and is not asked sooner", () => {
    const association = new Association().exchange(1).exchange(3, { leap: 3, stratum: 0, referenceId: referenceIdOfText("RSTR") });
    association.open(10).tick(11);
    expect(association.data.poll).toMatchObject({ denials: 1, next: 3603.000035 });
    expect(association.requests).toHaveLength(2);
  });

  it("to another server begins from the start, in a new era", () => {
    const association = new Association().exchange(1).open(10, "192.0.2.8");
    expect(association.data).toMatchObject({ remoteEra: 1, stratum: null, address: "192.0.2.8", poll: { reach: 0, next: 10 } });
    association.exchange(11);
    expect(association.measurements.at(-1)?.remoteEra).toBe(1);
  });

  it("is wished for when eight requests got no answer, and not more often than once a minute", () => {
    const association = new Association({ logMinPoll: 2, logMaxPoll: 2 });
    let at = 0;
    const asked: number[] = [];
    while (asked.length < 2) {
      at = association.data.poll.next;
      association.tick(at);
      if (association.reopened > asked.length) {
        asked.push(at);
        association.open(at + 0.1, server);
      }
    }
    expect(asked[0]).toBeGreaterThanOrEqual(60);
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(60);
  });
});

it("is asked at once, and with a burst, when the local clock jumped", () => {
  const association = new Association({ logMinPoll: 6, logMaxPoll: 10 });
  for (let at = 0; at < 300; at = association.data.poll.next) association.exchange(at);
  expect(association.data.poll.next).toBeGreaterThan(330);
  association.data = disturbAssociation(association.data, 310);
  const before = association.requests.length;
  for (let at = 310; at < 330; at = association.data.poll.next) association.exchange(at);
  expect(association.requests.length - before).toBeGreaterThanOrEqual(8);
});
