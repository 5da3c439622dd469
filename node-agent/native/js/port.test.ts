import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { nativeTest as it } from "./testing/built-native.js";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordKind, ringLayout, slotLayout } from "./layout.js";
import { canMakeNamespaces, interfaceName, NamespacePair } from "./testing/namespace-pair.js";
import { NativeProcess, type RingRecord } from "./testing/native-process.js";

const perfect = { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
const ports = { interfaceName, eventPort: 319, generalPort: 320 };
const message = (first: number, length = 44): number[] => [first, ...Array.from({ length: length - 1 }, () => 0x5a)];
const ofKind = (records: RingRecord[], kind: number): RingRecord[] => records.filter((record) => record.kind === kind);
const nanoseconds = (record: RingRecord | undefined): bigint =>
  BigInt(record?.seconds ?? 0) * 1_000_000_000n + BigInt(record?.nanoseconds ?? 0);

describe("a port on a veth pair", () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-port-"));
  const uri = `virtual:${join(folder, "shared.clock")}`;
  let pair: NamespacePair;
  let left: NativeProcess;
  let right: NativeProcess;

  beforeAll(() => {
    if (!canMakeNamespaces) return;
    pair = new NamespacePair("port");
  });
  beforeEach(async ({ skip }) => {
    skip(!canMakeNamespaces, "needs root");
    left = new NativeProcess(pair.left);
    right = new NativeProcess(pair.right);
    await left.ask("createClock", { path: join(folder, "shared.clock"), ...perfect });
    await left.ask("openClock", { id: "clock", uri, steer: true });
    await right.ask("openClock", { id: "clock", uri, steer: false });
  });
  afterEach(async () => {
    if (!canMakeNamespaces) return;
    await left.close();
    await right.close();
  });
  afterAll(() => {
    if (canMakeNamespaces) pair.remove();
    rmSync(folder, { recursive: true });
  });

  const open = (process: NativeProcess, rest: object = {}): Promise<{ interfaceIndex: number; hardwareAddress: number[] }> =>
    process.ask("openPort", { id: "port", clock: "clock", eventPoll: "always", ...ports, ...rest });

  it("stamps what it sends and receives, so that two ends of one clock measure an offset near 0", async () => {
    const { interfaceIndex, hardwareAddress } = await open(right);
    expect(interfaceIndex).toBeGreaterThan(0);
    expect(hardwareAddress).toHaveLength(6);
    expect(hardwareAddress).not.toEqual([0, 0, 0, 0, 0, 0]);
    await open(left);
    expect(await left.ask("send", { id: "port", socket: "event", octets: message(0), key: 7 })).toEqual([0]);
    expect(await right.ask("send", { id: "port", socket: "event", octets: message(1), key: 9 })).toEqual([0]);
    const both = (records: RingRecord[]): boolean => records.length === 2;
    const [onLeft, onRight] = [await left.collect("delivered", "port", both), await right.collect("delivered", "port", both)];
    const [t1, t4] = [ofKind(onLeft, recordKind.transmitStamp)[0], ofKind(onLeft, recordKind.received)[0]];
    const [t3, t2] = [ofKind(onRight, recordKind.transmitStamp)[0], ofKind(onRight, recordKind.received)[0]];
    expect([t1?.key, t3?.key]).toEqual([7, 9]);
    expect(t2).toMatchObject({ socket: 0, length: 44, source: "10.77.0.1", sourcePort: 319, interfaceIndex, octets: message(0) });
    const [there, back] = [Number(nanoseconds(t2) - nanoseconds(t1)), Number(nanoseconds(t4) - nanoseconds(t3))];
    // A few µs each on a quiet machine, never negative.
    expect(Math.min(there, back)).toBeGreaterThan(0);
    expect(Math.abs(there - back) / 2).toBeLessThan(5e6);
    expect(t1?.raw).toBeGreaterThan(1000);
    expect(await left.ask("statistics", { id: "port" })).toMatchObject([1, expect.any(Number), 1, 0, 0]);
  });

  it("returns every transmit stamp with its own key", async () => {
    await open(left);
    await left.ask("send", { id: "port", socket: "event", octets: message(0), key: 1000, count: 100 });
    const records = await left.collect("records", "port", (found) => found.length === 100);
    expect(records.map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, index) => 1000 + index));
    expect(records.every(({ seconds }) => seconds > 0)).toBe(true);
    const times = records.map(nanoseconds);
    expect(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0n))).toBe(true);
  });

  it("converts a stamp with the steering that held when it was taken", async () => {
    await open(left);
    await left.ask("send", { id: "port", socket: "event", octets: message(0), key: 1 });
    await left.ask("step", { id: "clock", ns: 5_000_000_000 });
    await left.ask("send", { id: "port", socket: "event", octets: message(0), key: 2 });
    const [before, after] = await left.collect("records", "port", (found) => found.length === 2);
    expect(after?.steering).toBe(5_000_000_000);
    expect(before?.steering).toBe(0);
    const elapsed = Number(nanoseconds(after) - nanoseconds(before)) - 5e9;
    expect(Math.abs(elapsed - ((after?.raw ?? 0) - (before?.raw ?? 0)) * 1e9)).toBeLessThan(1000);
  });

  it("leaves the event socket alone while lazy and takes it along with a general message", async () => {
    await open(right, { eventPoll: "lazy" });
    await open(left);
    await left.ask("send", { id: "port", socket: "event", octets: message(0) });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await right.ask("delivered", { id: "port" })).toEqual([]);
    await left.ask("send", { id: "port", socket: "general", octets: message(8) });
    const records = await right.collect("delivered", "port", (found) => found.length === 2);
    expect(records.map(({ socket, octets }) => [socket, octets[0]])).toEqual([
      [0, 0],
      [1, 8],
    ]);
    await right.ask("setEventPoll", { id: "port", mode: "always" });
    await left.ask("send", { id: "port", socket: "event", octets: message(0) });
    await right.collect("delivered", "port", (found) => found.length === 1);
  });

  it("says EADDRINUSE when another program or another port of ours holds the port", async () => {
    await left.ask("holdUdpPort", { port: 319 });
    const [a, b] = [new NativeProcess(pair.left), new NativeProcess(pair.left)];
    try {
      for (const process of [a, b]) await process.ask("openClock", { id: "clock", uri, steer: false });
      expect(await a.askForFailure("openPort", { id: "port", clock: "clock", eventPoll: "lazy", ...ports })).toMatchObject({
        code: "EADDRINUSE",
        syscall: "bind",
      });
      await left.ask("dropUdpPort", { port: 319 });
      await open(a);
      for (const process of [a, b]) {
        const again = { id: "second", clock: "clock", eventPoll: "lazy", ...ports };
        expect(await process.askForFailure("openPort", again)).toMatchObject({ code: "EADDRINUSE" });
      }
      await a.ask("close", { id: "port" });
      await open(b);
    } finally {
      await a.close();
      await b.close();
    }
  });

  it("counts what does not fit when the consumer is stuck, and goes on when it is not", async () => {
    await open(right, { stuck: true });
    await open(left);
    const sent = ringLayout.slots + 200;
    await left.ask("send", { id: "port", socket: "general", octets: message(8), count: sent });
    const dropped = (): Promise<number> => right.ask<number>("dropped", { id: "port" });
    for (let attempt = 0; attempt < 500 && (await dropped()) < 200; attempt += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await dropped()).toBe(200);
    const cost = await right.ask<number>("processorSeconds");
    await new Promise((resolve) => setTimeout(resolve, 300));
    // A socket that stays readable must not keep the event loop spinning.
    expect((await right.ask<number>("processorSeconds")) - cost).toBeLessThan(0.15);
    expect(await right.ask<RingRecord[]>("records", { id: "port" })).toHaveLength(ringLayout.slots);
    await left.ask("send", { id: "port", socket: "general", octets: message(9) });
    const [next] = await right.collect("records", "port", (found) => found.length === 1);
    expect(next?.octets[0]).toBe(9);
  });

  it("cuts a datagram that is longer than a slot and reports the length that was sent", async () => {
    await open(right);
    await open(left);
    await left.ask("send", { id: "port", socket: "event", octets: message(3, 900) });
    const [record] = await right.collect("delivered", "port", (found) => found.length === 1);
    expect(record?.length).toBe(900);
    expect(record?.octets).toEqual(message(3, 900).slice(0, slotLayout.payloadBytes));
  });

  it("returns EMSGSIZE and ENETDOWN as numbers, counts them and stays usable", async () => {
    await open(left);
    await open(right);
    expect(await left.ask("sendLong", { id: "port", length: 65_507 })).toBe(0);
    expect(await left.askForFailure("sendLong", { id: "port", length: 65_508 })).toMatchObject({ code: "MER_NATIVE_ARGUMENT" });
    pair.setUp(pair.left, false);
    const [refused] = await left.ask<number[]>("send", { id: "port", socket: "event", octets: message(0) });
    expect(refused).toBeGreaterThan(0);
    pair.setUp(pair.left, true);
    expect(await left.ask("statistics", { id: "port" })).toMatchObject([expect.any(Number), expect.any(Number), 0, 0, 1]);
    await right.ask("records", { id: "port" });
    let arrived: RingRecord[] = [];
    for (let attempt = 0; attempt < 100 && arrived.length === 0; attempt += 1) {
      await left.ask("send", { id: "port", socket: "event", octets: message(4), key: 4 });
      await new Promise((resolve) => setTimeout(resolve, 20));
      arrived = await right.ask<RingRecord[]>("records", { id: "port" });
    }
    expect(arrived[0]?.octets[0]).toBe(4);
  });

  it("gives its descriptors back when closed and refuses to be used afterwards", async () => {
    const before = await left.ask<number>("descriptors");
    for (let round = 0; round < 20; round += 1) {
      await open(left);
      await left.ask("close", { id: "port" });
    }
    await left.ask("close", { id: "port" });
    expect(await left.ask<number>("descriptors")).toBeLessThanOrEqual(before + 1);
    for (const [request, rest] of [
      ["send", { socket: "event", octets: message(0) }],
      ["records", {}],
      ["setEventPoll", { mode: "lazy" }],
    ] as const) {
      expect(await left.askForFailure(request, { id: "port", ...rest })).toMatchObject({ code: "MER_NATIVE_CLOSED" });
    }
    expect(await left.ask("statistics", { id: "port" })).toHaveLength(5);
  });
});

describe("a port whose interface goes", () => {
  it("reports ENODEV in an error record and survives", async ({ skip }) => {
    skip(!canMakeNamespaces, "needs root");
    const folder = mkdtempSync(join(tmpdir(), "meridian-port-"));
    const pair = new NamespacePair("gone");
    const left = new NativeProcess(pair.left);
    try {
      await left.ask("createClock", { path: join(folder, "clock"), ...perfect });
      await left.ask("openClock", { id: "clock", uri: `virtual:${join(folder, "clock")}`, steer: false });
      await left.ask("openPort", { id: "port", clock: "clock", eventPoll: "always", ...ports });
      pair.setUp(pair.left, false);
      pair.setUp(pair.left, true);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await left.ask("delivered", { id: "port" })).toEqual([]);
      pair.removeInterface();
      const [record] = await left.collect("delivered", "port", (found) => found.length > 0);
      expect(record).toMatchObject({ kind: recordKind.error, key: 19, seconds: 0 });
      const [errno] = await left.ask<number[]>("send", { id: "port", socket: "event", octets: message(0) });
      expect(errno).toBeGreaterThan(0);
      await left.ask("close", { id: "port" });
      const failure = await left.askForFailure("openPort", { id: "port", clock: "clock", eventPoll: "always", ...ports });
      expect(failure.code).toBe("ENODEV");
    } finally {
      await left.close();
      pair.remove();
      rmSync(folder, { recursive: true });
    }
  });
});
