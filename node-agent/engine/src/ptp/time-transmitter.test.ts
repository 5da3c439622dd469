import { describe, expect, it } from "vitest";
import { decodeMessage } from "../wire/ptp/decode.js";
import { flag, type Header, type PtpMessage } from "../wire/ptp/message.js";
import {
  answerDelayRequest,
  startTransmitter,
  syncTemplates,
  tickTransmitter,
  type TimeTransmitterConfig,
  transmitterDeadline,
} from "./time-transmitter.js";

const base: TimeTransmitterConfig = {
  grandmaster: "gm",
  clock: "clock",
  clockScale: "UTC",
  reference: "PHC",
  uncertainty: 100,
  delayCompensation: 0,
  domainNumber: 5,
  port: { clockIdentity: 0xan, portNumber: 2 },
  priority1: 10,
  priority2: 20,
  logSyncInterval: -4,
  logAnnounceInterval: 1,
  logDelayRequestInterval: -3,
  dscp: 46,
};

function decode<T extends PtpMessage["type"]>(bytes: Uint8Array | null, type: T): Extract<PtpMessage, { type: T }> {
  const decoded = decodeMessage(bytes ?? new Uint8Array());
  if (decoded.kind !== "message" || decoded.message.type !== type) throw new TypeError(`not a ${type}`);
  return decoded.message as Extract<PtpMessage, { type: T }>;
}

const announce = (change: Partial<TimeTransmitterConfig> = {}) =>
  decode(tickTransmitter({ ...base, ...change }, startTransmitter(0), 0, 0x4e5d).announce, "Announce");

describe("Announce", () => {
  const traceable = flag.ptpTimescale | flag.currentUtcOffsetValid | flag.timeTraceable | flag.frequencyTraceable;

  it.each<[string, Partial<TimeTransmitterConfig>, object, number]>([
    ["a hardware clock", {}, { clockClass: 6, clockAccuracy: 0x21 }, traceable],
    ["a system clock", { reference: "SystemClock", uncertainty: 20_000 }, { clockClass: 6, clockAccuracy: 0x26 }, traceable],
    ["one whose owner vouches for 20 s", { uncertainty: 2e10 }, { clockClass: 6, clockAccuracy: 0x31 }, traceable],
    [
      "one that runs free, whatever its owner says",
      { reference: "FreeRunning", uncertainty: 1 },
      { clockClass: 248, clockAccuracy: 0xfe },
      flag.ptpTimescale | flag.currentUtcOffsetValid,
    ],
  ])("says of %s what its owner vouches for", (_what, change, quality, flags) => {
    const { header, body } = announce(change);
    expect(body.quality).toMatchObject({ ...quality, offsetScaledLogVariance: 0x4e5d });
    expect(header.flags).toBe(flags);
  });

  it("carries identity, priorities, TAI − UTC and the interval", () => {
    const { header, body } = announce();
    expect(header).toMatchObject({ domainNumber: 5, source: base.port, sequenceId: 0, logInterval: 1 });
    expect(body).toMatchObject({ currentUtcOffset: 37, priority1: 10, priority2: 20, grandmasterIdentity: 0xan, stepsRemoved: 0 });
  });

  it("goes out at once and then once an interval, numbered", () => {
    let data = startTransmitter(100);
    const sent: (readonly [number, number])[] = [];
    for (let at = 99; at < 106; at += 0.5) {
      const step = tickTransmitter(base, data, at, 0xffff);
      data = step.data;
      if (step.announce) sent.push([at, decode(step.announce, "Announce").header.sequenceId]);
    }
    expect(sent).toEqual([
      [100, 0],
      [102, 1],
      [104, 2],
    ]);
    expect(transmitterDeadline(data)).toBe(106);
  });

  it.each([
    ["a little late keeps the rhythm", 100.5, 102],
    ["later than an interval begins a new one and sends no burst", 107, 109],
  ])("%s", (_sentence, at, next) => {
    expect(transmitterDeadline(tickTransmitter(base, startTransmitter(100), at, 0xffff).data)).toBe(next);
  });

  it("wraps its sequenceId", () => {
    expect(tickTransmitter(base, { announceSequence: 0xffff, nextAnnounce: 0 }, 0, 0xffff).data.announceSequence).toBe(0);
  });
});

describe("the Sync program", () => {
  it("is two-step, and its templates decode", () => {
    const { sync, followUp, ...program } = syncTemplates({ ...base, delayCompensation: -300 });
    expect(program).toEqual({ clock: "clock", logInterval: -4, labelOffsetSeconds: 37, dscp: 46 });
    expect(decode(sync, "Sync").header).toMatchObject({ flags: flag.twoStep, correction: 0, source: base.port, logInterval: -4 });
    expect(decode(followUp, "Follow_Up").header).toMatchObject({ flags: 0, correction: -300, domainNumber: 5 });
  });

  it.each([
    ["UTC", 37],
    ["TAI", 0],
  ] as const)("labels of a %s clock get %d s added", (clockScale, seconds) => {
    expect(syncTemplates({ ...base, clockScale }).labelOffsetSeconds).toBe(seconds);
  });
});

describe("Delay_Resp", () => {
  const origin = { seconds: 0, nanoseconds: 0 };
  const stamp = { seconds: 1000, nanoseconds: 999_999_999, raw: 5, steering: 0 };
  const requester = { clockIdentity: 0x99n, portNumber: 7 };
  const header = (change: Partial<Header> = {}): Header => ({
    sdoId: 0,
    minorVersion: 1,
    domainNumber: 5,
    flags: 0,
    correction: 0,
    source: requester,
    sequenceId: 0xfffe,
    logInterval: 0x7f,
    ...change,
  });
  const request = (change: Partial<Header> = {}): PtpMessage => ({ type: "Delay_Req", header: header(change), origin });

  it("answers with its stamp in TAI, the request's sequenceId, requester and correction, and the allowed interval", () => {
    const answer = decode(answerDelayRequest(base, request({ correction: 12.5 }), stamp), "Delay_Resp");
    expect(answer.header).toMatchObject({ sequenceId: 0xfffe, correction: 12.5, logInterval: -3, source: base.port });
    expect(answer).toMatchObject({ requester, receive: { seconds: 1037, nanoseconds: 999_999_999 } });
  });

  it.each([
    [300, -287.5],
    [-300, 312.5],
  ])("takes a compensation of %d ns off the correction", (delayCompensation, correction) => {
    const answer = answerDelayRequest({ ...base, delayCompensation }, request({ correction: 12.5 }), stamp);
    expect(decode(answer, "Delay_Resp").header.correction).toBe(correction);
  });

  it.each<[string, PtpMessage, typeof stamp | null]>([
    ["a request without a stamp", request(), null],
    ["our own request", request({ source: { ...base.port, portNumber: 9 } }), stamp],
    ["a Sync", { type: "Sync", header: header(), origin }, stamp],
    ["a Delay_Resp", { type: "Delay_Resp", header: header(), receive: origin, requester }, stamp],
  ])("%s has no answer", (_what, message, at) => {
    expect(answerDelayRequest(base, message, at)).toBeNull();
  });
});
