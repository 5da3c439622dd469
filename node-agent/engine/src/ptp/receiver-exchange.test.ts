import { describe, expect, it } from "vitest";
import { gmA, gmB, me, Receiver, stamp } from "./testing/a-receiver.js";
import { receiverDeadline } from "./time-receiver.js";

describe("Sync and Follow_Up", () => {
  const following = () => new Receiver().following();

  it.each<[string, (receiver: Receiver) => Receiver, readonly number[], readonly string[]]>([
    ["two-step: t2 − t1", (r) => r.sync(1, stamp(10, 700)).followUp(1, 10, 200), [500], []],
    ["across a second", (r) => r.sync(1, stamp(11, 100)).followUp(1, 10, 999_999_900), [200], []],
    [
      "corrections of both are taken off",
      (r) => r.sync(1, stamp(10, 700), { correction: 40.5 }).followUp(1, 10, 200, { correction: 3 }),
      [456.5],
      [],
    ],
    ["one-step", (r) => r.sync(1, stamp(10, 700), { flags: 0, correction: 50 }, { seconds: 10, nanoseconds: 200 }), [450], []],
    [
      "late, after the next Sync",
      (r) => r.sync(1, stamp(10, 700)).sync(2, stamp(11, 800)).followUp(1, 10, 200).followUp(2, 11, 200),
      [500, 600],
      [],
    ],
    [
      "missing: that Sync is lost, the next one counts",
      (r) => r.sync(1, stamp(10, 700)).sync(2, stamp(11, 800)).followUp(2, 11, 200),
      [600],
      [],
    ],
    ["twice", (r) => r.sync(1, stamp(10, 700)).followUp(1, 10, 200).followUp(1, 10, 200), [500], ["unmatched-follow-up"]],
    ["of another sequenceId", (r) => r.sync(1, stamp(10, 700)).followUp(2, 10, 200), [], ["unmatched-follow-up"]],
    ["without a stamp of the Sync", (r) => r.sync(1, null).followUp(1, 10, 200), [], ["no-stamp", "unmatched-follow-up"]],
    ["of another sender", (r) => r.sync(1, stamp(10, 700)).followUp(1, 10, 200, { source: gmB }), [], []],
    ["a Sync of another sender", (r) => r.sync(1, stamp(10, 700), { source: gmB }).followUp(1, 10, 200), [], ["unmatched-follow-up"]],
    [
      "sequenceId wraps",
      (r) => r.sync(0xffff, stamp(10, 700)).sync(0, stamp(11, 800)).followUp(0xffff, 10, 200).followUp(0, 11, 200),
      [500, 600],
      [],
    ],
    [
      "what is left of 65,536 Syncs ago is not taken for this one",
      (r) => r.sync(1, stamp(10, 700)).sync(1, stamp(8202, 800)).followUp(1, 8202, 200),
      [600],
      [],
    ],
  ])("%s", (_sentence, act, values, dropped) => {
    const receiver = act(following());
    expect(receiver.values).toEqual(values.map((value) => ["toLocal", value]));
    expect(receiver.dropped).toEqual(dropped);
  });

  it("waits for eight Follow_Ups, and forgets the oldest Sync first", () => {
    const receiver = following();
    for (let i = 1; i <= 9; i++) receiver.sync(i, stamp(10, 700));
    receiver.followUp(1, 10, 200).followUp(2, 10, 200);
    expect(receiver.dropped).toEqual(["unmatched-follow-up"]);
    expect(receiver.measurements).toHaveLength(1);
  });

  it("is not listened to before a parent is chosen", () => {
    expect(new Receiver().sync(1, stamp(10, 0)).followUp(1, 10, 0)).toMatchObject({ measurements: [], dropped: [] });
  });

  it("carries the local event, the eras and what the sender says of itself", () => {
    const receiver = following()
      .sync(1, stamp(10, 700, 55.5))
      .followUp(1, 10, 200);
    const { remoteEra, remote } = receiver.data;
    const expected = { link: "gm", local: "clock", at: 55.5, steering: 7, localEra: 3, remoteEra, remoteState: remote };
    expect(receiver.measurements[0]).toMatchObject(expected);
  });
});

describe("Delay_Req", () => {
  const asking = () => new Receiver().following().tick(1);

  it.each<[string, (receiver: Receiver) => Receiver, readonly number[], readonly string[]]>([
    ["t4 − t3", (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400), [300], []],
    ["the correction is taken off", (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400, { correction: 50.25 }), [249.75], []],
    ["a stamp after the Delay_Resp counts as well", (r) => r.response(0, 10, 400).stamped(0, stamp(10, 100)), [300], []],
    [
      "a stamp after the next request",
      (r) => r.tick(2).stamped(1, stamp(11, 0)).response(1, 11, 200).response(0, 10, 400).stamped(0, stamp(10, 100)),
      [200, 300],
      [],
    ],
    [
      "a stamp that never comes: one exchange is lost",
      (r) => r.stamped(0, null).response(0, 10, 400).tick(2).stamped(1, stamp(11, 0)).response(1, 11, 200),
      [200],
      ["no-stamp", "unmatched-delay-response"],
    ],
    ["a second stamp", (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400).stamped(0, stamp(10, 200)), [300], []],
    [
      "a second Delay_Resp",
      (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400).response(0, 10, 500),
      [300],
      ["unmatched-delay-response"],
    ],
    ["no Delay_Resp", (r) => r.stamped(0, stamp(10, 100)), [], []],
    ["another sequenceId", (r) => r.stamped(0, stamp(10, 100)).response(1, 10, 400), [], ["unmatched-delay-response"]],
    ["the answer to another port of ours", (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400, {}, { ...me, portNumber: 2 }), [], []],
    ["the answer to another clock", (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400, {}, { ...me, clockIdentity: 1n }), [], []],
    ["the answer of another sender", (r) => r.stamped(0, stamp(10, 100)).response(0, 10, 400, { source: gmB }), [], []],
  ])("%s", (_sentence, act, values, dropped) => {
    const receiver = act(asking());
    expect(receiver.values).toEqual(values.map((value) => ["toRemote", value]));
    expect(receiver.dropped).toEqual(dropped);
  });

  it("begins with a burst of eight at the Sync interval, then 0 … 2 intervals apart", () => {
    const receiver = new Receiver().following();
    const waits: number[] = [];
    let at = receiverDeadline(receiver.data);
    for (const random of [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0, 0.25, 0.75]) {
      receiver.announce(gmA, at).tick(at, random);
      waits.push(receiver.data.nextDelayRequest - at);
      at = receiver.data.nextDelayRequest;
    }
    expect(waits).toEqual([...Array<number>(8).fill(0.125), 0, 0.5, 1.5]);
    expect(receiver.requests).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each([
    [3, 8],
    [0, 1],
    [-3, 1],
    [6, 1],
    [0x7f, 1],
  ])("is not sent more often than the parent's logMessageInterval %i allows", (logInterval, interval) => {
    const receiver = asking().stamped(0, stamp(10, 100)).response(0, 10, 400, { logInterval });
    receiver.data = { ...receiver.data, burst: 0 };
    receiver.announce(gmA, 2).tick(2, 0.5);
    expect(receiver.data.nextDelayRequest).toBe(2 + interval);
  });

  it("wraps its sequenceId, and takes nothing that is left of 65,536 requests ago for the present one", () => {
    const receiver = new Receiver().following();
    receiver.data = { ...receiver.data, nextSequence: 0xffff };
    receiver.tick(1).tick(1.2).response(0, 10, 400);
    expect(receiver.requests).toEqual([0xffff, 0]);
    receiver.data = { ...receiver.data, nextSequence: 0 };
    receiver.tick(1.4).stamped(0, stamp(8202, 100)).response(0, 8202, 400);
    expect(receiver.values).toEqual([["toRemote", 300]]);
  });
});
