import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { nativeTest as it } from "./testing/built-native.js";
import { recordKind } from "./layout.js";
import { canMakeNamespaces, interfaceName, NamespacePair } from "./testing/namespace-pair.js";
import { NativeProcess, type RingRecord } from "./testing/native-process.js";

const perfect = { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
const ports = { interfaceName, eventPort: 319, generalPort: 320 };
/** A 44-octet message of a type, everything else 0 (IEEE 1588-2019 13.3). */
const template = (type: number): number[] => [type, 0x12, 0, 44, ...Array.from({ length: 40 }, () => 0)];
const [sync, followUp] = [template(0), template(8)];

const sequenceId = ({ octets }: RingRecord): number => ((octets[30] ?? 0) << 8) | (octets[31] ?? 0);
const label = ({ octets }: RingRecord): bigint => {
  const number = (from: number, to: number): bigint => octets.slice(from, to).reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  return number(34, 40) * 1_000_000_000n + number(40, 44);
};
const nanoseconds = ({ seconds, nanoseconds: rest }: RingRecord): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(rest);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("a Sync program on a veth pair", () => {
  const folder = mkdtempSync(join(tmpdir(), "meridian-sync-"));
  const uri = `virtual:${join(folder, "clock")}`;
  let pair: NamespacePair;
  let left: NativeProcess;
  let right: NativeProcess;

  beforeAll(() => {
    if (!canMakeNamespaces) return;
    pair = new NamespacePair("sync");
  });
  beforeEach(async ({ skip }) => {
    skip(!canMakeNamespaces, "needs root");
    left = new NativeProcess(pair.left);
    right = new NativeProcess(pair.right);
    await left.ask("createClock", { path: join(folder, "clock"), ...perfect });
    await left.ask("openClock", { id: "clock", uri, steer: true });
    await right.ask("openClock", { id: "clock", uri, steer: false });
    await right.ask("openPort", { id: "port", clock: "clock", eventPoll: "always", ...ports });
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

  const start = (rest: object = {}): Promise<null> =>
    left.ask("openProgram", {
      id: "program",
      clock: "clock",
      ...ports,
      sync,
      followUp,
      logInterval: -5,
      labelOffsetSeconds: 0,
      ...rest,
    });
  const split = (records: RingRecord[]): [RingRecord[], RingRecord[]] => {
    const received = records.filter(({ kind }) => kind === recordKind.received);
    return [received.filter(({ socket }) => socket === 0), received.filter(({ socket }) => socket === 1)];
  };

  it("keeps its rate while JavaScript is busy", async () => {
    const began = performance.now();
    await start();
    const busy = left.ask("busy", { milliseconds: 2000 });
    await busy;
    const [syncs] = split(await right.ask<RingRecord[]>("records", { id: "port" }));
    // 32 a second for 2 s; a loaded machine may leave some out, never send more.
    expect(syncs.length).toBeGreaterThan(32);
    expect(syncs.length).toBeLessThanOrEqual((32 * (performance.now() - began)) / 1e3 + 1);
    const gaps = syncs.slice(1).map((record, index) => sequenceId(record) - sequenceId(syncs[index] ?? record));
    expect(new Set(gaps)).toEqual(new Set([1]));
  });

  it("labels each Follow_Up with its own Sync's transmit stamp plus the offset", async () => {
    await start({ labelOffsetSeconds: 37 });
    const records = await right.collect("records", "port", (found) => split(found)[1].length >= 10);
    const [syncs, followUps] = split(records);
    const arrivals = new Map(syncs.map((record) => [sequenceId(record), nanoseconds(record)]));
    for (const record of followUps) {
      const arrival = arrivals.get(sequenceId(record));
      if (arrival === undefined) throw new Error("a Follow_Up without its Sync");
      const delay = Number(arrival - (label(record) - 37_000_000_000n));
      // One clock: what is left is the way, a few µs on a quiet machine.
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThan(10e6);
      expect(record.octets.slice(0, 30)).toEqual(followUp.slice(0, 30));
    }
    const [sent, followed, missing, errors] = await left.ask<number[]>("statistics", { id: "program" });
    expect(sent).toBeGreaterThanOrEqual(10);
    expect([missing, errors]).toEqual([0, 0]);
    expect(Math.abs((sent ?? 0) - (followed ?? 0))).toBeLessThanOrEqual(1);
  });

  it("labels with the clock's time after a step", async () => {
    await start();
    await right.collect("records", "port", (found) => split(found)[1].length >= 2);
    await left.ask("step", { id: "clock", ns: 100_000_000_000 });
    await pause(300);
    const [, followUps] = split(await right.ask<RingRecord[]>("records", { id: "port" }));
    const ahead = Number(label(followUps.at(-1) as RingRecord) / 1_000_000n) - Date.now();
    expect(ahead / 1000).toBeCloseTo(100, -1);
  });

  it("changes templates and interval on the way without a gap in the sequence", async () => {
    await start({ logInterval: 1 });
    const changed = [...sync];
    changed[4] = 77;
    await left.ask("updateProgram", { id: "program", sync: changed, followUp, logInterval: -6, labelOffsetSeconds: 0 });
    const [syncs] = split(await right.collect("records", "port", (found) => split(found)[0].length >= 20));
    expect(syncs.map(sequenceId).slice(0, 3)).toEqual([0, 1, 2]);
    expect(syncs.every(({ octets }) => octets[4] === 77)).toBe(true);
  });

  it("shares its ports with a Port of the same process", async () => {
    await left.ask("openPort", { id: "own", clock: "clock", eventPoll: "always", ...ports });
    await start();
    await right.collect("records", "port", (found) => split(found)[1].length >= 3);
    await right.ask("send", { id: "port", socket: "event", octets: template(1), key: 5 });
    const records = await left.collect("records", "own", (found) => found.length > 0);
    // Not its own Syncs, nor their stamps: only what the other side sent.
    expect(records.map(({ kind, octets }) => [kind, octets[0]])).toEqual([[recordKind.received, 1]]);
    expect(await left.ask("statistics", { id: "program" })).toMatchObject([
      expect.any(Number),
      expect.any(Number),
      0,
      0,
      expect.any(Number),
    ]);
  });

  it("survives an interface that goes down and comes back", async () => {
    await start();
    await right.collect("records", "port", (found) => split(found)[1].length >= 2);
    pair.setUp(pair.left, false);
    await pause(300);
    const [, , , errors] = await left.ask<number[]>("statistics", { id: "program" });
    expect(errors).toBeGreaterThan(0);
    await right.ask("records", { id: "port" });
    pair.setUp(pair.left, true);
    await right.collect("records", "port", (found) => split(found)[1].length >= 2);
  });

  it("ends its thread and gives its descriptors back when closed", async () => {
    const before = [await left.ask<number>("descriptors"), await left.ask<number>("threads")] as const;
    for (let round = 0; round < 10; round += 1) {
      await start();
      await left.ask("close", { id: "program" });
    }
    await left.ask("close", { id: "program" });
    expect(await left.ask<number>("descriptors")).toBeLessThanOrEqual(before[0] + 1);
    expect(await left.ask<number>("threads")).toBeLessThanOrEqual(before[1]);
    const update = { id: "program", sync, followUp, logInterval: 0, labelOffsetSeconds: 0 };
    expect(await left.askForFailure("updateProgram", update)).toMatchObject({ code: "MER_NATIVE_CLOSED" });
  });
});
