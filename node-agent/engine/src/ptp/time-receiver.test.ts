import { describe, expect, it } from "vitest";
import { type AnnounceBody, flag, type PtpMessage } from "../wire/ptp/message.js";
import type { TimeReceiverConfig } from "./receiver-data.js";
import { gmA, gmB, header, me, Receiver, stamp } from "./testing/a-receiver.js";
import { receiverDeadline } from "./time-receiver.js";

const never = Number.POSITIVE_INFINITY;

describe("states", () => {
  it("LISTENING until a sender is qualified by its second Announce, and asks for nothing before", () => {
    const receiver = new Receiver().announce(gmA, 0);
    expect(receiver.data).toMatchObject({ state: "LISTENING", parent: null, remote: null });
    expect(receiverDeadline(receiver.data)).toBe(never);
    receiver.announce(gmA, 1);
    expect(receiver.data.state).toBe("UNCALIBRATED");
    expect(receiver.data.parent?.sender).toEqual(gmA);
    expect(receiverDeadline(receiver.data)).toBe(1);
  });

  it.each<[string, (receiver: Receiver) => Receiver, string]>([
    ["Sync alone does not calibrate", (r) => r.sync(1, stamp(2, 0)).followUp(1, 2, 0), "UNCALIBRATED"],
    ["Delay_Req alone does not", (r) => r.tick(1).stamped(0, stamp(2, 0)).response(0, 2, 9), "UNCALIBRATED"],
    ["both ways do", (r) => r.sync(1, stamp(2, 0)).followUp(1, 2, 0).tick(1).stamped(0, stamp(2, 0)).response(0, 2, 9), "SLAVE"],
    ["in whichever order", (r) => r.tick(1).stamped(0, stamp(2, 0)).response(0, 2, 9).sync(1, stamp(2, 0)).followUp(1, 2, 0), "SLAVE"],
  ])("UNCALIBRATED until both ways are measured: %s", (_sentence, act, state) => {
    expect(act(new Receiver().following()).data.state).toBe(state);
  });

  const calibrated = () =>
    new Receiver()
      .following()
      .sync(1, stamp(2, 0, 1.1))
      .followUp(1, 2, 0)
      .tick(1)
      .stamped(0, stamp(2, 0))
      .response(0, 2, 9);

  it("LISTENING again when no Announce comes for announceReceiptTimeout intervals", () => {
    const receiver = calibrated();
    expect(receiver.data.announceDeadline).toBe(4);
    expect(receiver.tick(3.99).data.state).toBe("SLAVE");
    expect(receiver.tick(4).data).toMatchObject({ state: "LISTENING", parent: null, remote: null, syncs: [], delays: [] });
    expect(receiverDeadline(receiver.data)).toBe(never);
  });

  it("a repeated Announce puts the timeout off, another sender's does not", () => {
    const receiver = calibrated().announce(gmA, 2);
    expect(receiver.data.announceDeadline).toBe(5);
    expect(receiver.announce(gmB, 3).data.announceDeadline).toBe(5);
    expect(receiver.data.state).toBe("SLAVE");
  });

  it("goes over to the other qualified sender at once when the parent falls silent", () => {
    const receiver = calibrated().announce(gmB, 2).announce(gmB, 3);
    expect(receiver.data.parent?.sender).toEqual(gmA);
    receiver.tick(4);
    expect(receiver.data.state).toBe("UNCALIBRATED");
    expect(receiver.data.parent?.sender).toEqual(gmB);
    expect(receiver.data.announceDeadline).toBe(6);
  });

  it("keeps its parent through a flood of better senders that are never heard twice", () => {
    const receiver = calibrated();
    for (let i = 0; i < 500; i++) receiver.announce({ clockIdentity: BigInt(1000 + i), portNumber: 1 }, 1 + i / 1000, { priority1: 0 });
    receiver.announce(gmA, 2);
    expect(receiver.data).toMatchObject({ state: "SLAVE", announceDeadline: 5 });
    expect(receiver.data.parent?.sender).toEqual(gmA);
  });

  it("does not go over to one that has been silent for as long as the parent", () => {
    const receiver = calibrated().announce(gmB, 0).announce(gmB, 0.5);
    receiver.tick(4);
    expect(receiver.data).toMatchObject({ state: "LISTENING", parent: null, foreign: [] });
  });

  it("a better sender takes over: uncalibrated, a new era, nothing of the old one is pending", () => {
    const receiver = calibrated().sync(2, stamp(3, 0)).tick(1.2);
    expect([receiver.data.syncs.length, receiver.data.delays.length]).toEqual([1, 1]);
    const era = receiver.data.remoteEra;
    receiver.announce(gmB, 2, { priority1: 1 }).announce(gmB, 3, { priority1: 1 });
    expect(receiver.data).toMatchObject({ state: "UNCALIBRATED", remoteEra: era + 1, syncs: [], delays: [] });
    expect(receiver.followUp(2, 3, 0).measurements).toHaveLength(2);
    expect(receiver.dropped).toEqual([]);
  });

  it.each<[string, Partial<AnnounceBody>, number, number]>([
    ["it serves another grandmaster", { grandmasterIdentity: 0xcn }, flag.ptpTimescale, 1],
    ["its labels are no longer TAI", {}, 0, 1],
    ["it is of another class", { quality: { clockClass: 7, clockAccuracy: 0x21, offsetScaledLogVariance: 0 } }, flag.ptpTimescale, 0],
  ])("what the parent's labels mean has changed when %s", (_sentence, body, flags, more) => {
    const receiver = calibrated();
    const era = receiver.data.remoteEra;
    receiver.announce(gmA, 2, body, flags);
    expect(receiver.data).toMatchObject({ state: "SLAVE", remoteEra: era + more });
  });
});

describe("Announce that is not for us", () => {
  it.each<[string, (receiver: Receiver) => Receiver, string]>([
    ["our own", (r) => r.announce(me, 0), "own"],
    ["our own, sent on by another", (r) => r.announce(gmA, 0, { grandmasterIdentity: me.clockIdentity }), "own"],
    ["alternateMaster", (r) => r.announce(gmA, 0, {}, flag.alternateTimeTransmitter), "alternate-time-transmitter"],
    ["255 steps away", (r) => r.announce(gmA, 0, { stepsRemoved: 255 }), "steps-removed"],
  ])("%s is dropped with its reason", (_sentence, act, reason) => {
    const receiver = act(new Receiver());
    expect(receiver.dropped).toEqual([reason]);
    expect(receiver.data.foreign).toEqual([]);
  });

  it.each<[string, Partial<TimeReceiverConfig>, number]>([
    ["another address", { acceptableAddresses: ["10.0.0.9"] }, 0],
    ["another identity", { acceptableClockIdentity: gmB.clockIdentity }, 0],
    ["the address and the identity", { acceptableAddresses: ["10.0.0.9", "10.0.0.1"], acceptableClockIdentity: gmA.clockIdentity }, 1],
  ])("only %s may speak", (_sentence, change, heard) => {
    const receiver = new Receiver(change).announce(gmA, 0);
    expect(receiver.data.foreign).toHaveLength(heard);
    expect(receiver.dropped).toEqual(heard === 1 ? [] : ["not-acceptable"]);
  });
});

describe("what the sender says of its time", () => {
  const valid = flag.ptpTimescale | flag.currentUtcOffsetValid;

  it.each<[string, Partial<TimeReceiverConfig>, Partial<AnnounceBody>, number, object]>([
    ["TAI, no valid offset", {}, { currentUtcOffset: 36 }, flag.ptpTimescale, { scale: "TAI", taiMinusUtc: null }],
    ["TAI and an offset", {}, { currentUtcOffset: 36 }, valid, { scale: "TAI", taiMinusUtc: 36 }],
    ["arbitrary", {}, {}, 0, { scale: "ARB" }],
    ["arbitrary, to be read as UTC", { arbitraryTimescale: "UTC" }, {}, 0, { scale: "UTC" }],
    ["leap61", {}, {}, flag.ptpTimescale | flag.leap61, { leap: 1 }],
    ["leap59", {}, {}, flag.ptpTimescale | flag.leap59, { leap: -1 }],
    ["no leap", {}, {}, flag.ptpTimescale, { leap: 0 }],
    ["synchronizationUncertain", {}, {}, flag.ptpTimescale | flag.synchronizationUncertain, { uncertain: true }],
    ["an accuracy of 100 ns", {}, {}, flag.ptpTimescale, { rootHard: 100, rootSystematic: 100 }],
    ["the user vouches for less", { uncertainty: 50 }, {}, flag.ptpTimescale, { rootHard: 100 }],
    ["the user vouches for more", { uncertainty: 500 }, {}, flag.ptpTimescale, { rootHard: 500, rootSystematic: 500 }],
  ])("%s", (_sentence, config, body, flags, remote) => {
    expect(new Receiver(config).following(gmA, body, flags).data.remote).toMatchObject(remote);
  });

  it.each([
    [null, null],
    [800, 800],
  ])("an unknown accuracy leaves what the user vouches for: %s", (uncertainty, rootHard) => {
    const quality = { clockClass: 248, clockAccuracy: 0xfe, offsetScaledLogVariance: 0xffff };
    expect(new Receiver({ uncertainty }).following(gmA, { quality }).data.remote).toMatchObject({ rootHard, rootSystematic: rootHard });
  });

  it.each<[TimeReceiverConfig["clockScale"], number, number]>([
    ["TAI", flag.ptpTimescale, 0],
    ["UTC", flag.ptpTimescale, -37],
    ["TAI", 0, 37],
    ["UTC", 0, 0],
  ])("a %s clock reads labels of flags %i with %d s added, both ways, by the table and not by the sender", (clockScale, flags, shift) => {
    const receiver = new Receiver({ clockScale, arbitraryTimescale: "UTC" }).following(gmA, { currentUtcOffset: 30 }, flags);
    receiver.sync(1, stamp(1000 + shift, 700)).followUp(1, 1000, 200);
    receiver
      .tick(1)
      .stamped(0, stamp(1000 + shift, 100))
      .response(0, 1000, 400);
    expect(receiver.values).toEqual([
      ["toLocal", 500],
      ["toRemote", 300],
    ]);
  });
});

it.each<PtpMessage>([
  { type: "Pdelay_Req", header: header(gmA, 1), origin: { seconds: 0, nanoseconds: 0 } },
  { type: "Pdelay_Resp", header: header(gmA, 1), requestReceipt: { seconds: 0, nanoseconds: 0 }, requester: me },
  { type: "Pdelay_Resp_Follow_Up", header: header(gmA, 1), responseOrigin: { seconds: 0, nanoseconds: 0 }, requester: me },
])("$type is dropped: the delay is measured end to end", (message) => {
  expect(new Receiver().following().give(message, null, 2).dropped).toEqual(["peer-delay"]);
});
