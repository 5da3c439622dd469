import { constants } from "node:os";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect } from "vitest";
import type { Clock, DatagramSocket } from "../index.js";
import { recordKind, ringLayout } from "./layout.js";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import { eventually } from "./testing/eventually.js";
import { canMakeNamespaces, NamespacePair } from "./testing/namespace-pair.js";
import { NativeProcess } from "./testing/native-process.js";
import { type TakenRecord, takeRecords } from "./testing/take-records.js";
import { UdpPeer } from "./testing/udp-peer.js";

const native = await importBuilt(() => import("../index.js"));
const { errno } = constants;
const folder = mkdtempSync(join(tmpdir(), "meridian-datagram-"));
const clockPath = join(folder, "clock");
const uri = `virtual:${clockPath}`;
const perfect = { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
const ofKind = (records: TakenRecord[], kind: number): TakenRecord[] => records.filter((record) => record.kind === kind);
const coded = (code: string, rest: object = {}): unknown => expect.objectContaining({ code, ...rest });

afterAll(() => rmSync(folder, { recursive: true }));

describe("a datagram socket", () => {
  let clock: Clock;
  let peer: UdpPeer;
  const opened: { close(): unknown }[] = [];
  /** Records that came by the event loop, in order. */
  let delivered: TakenRecord[];

  beforeEach(async () => {
    native.createVirtualClock(clockPath, perfect);
    clock = native.Clock.open(uri, { steer: true });
    peer = await UdpPeer.open("127.0.0.1");
    delivered = [];
    opened.push(peer, clock);
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });

  const open = (udpPort = peer.port, rest: object = {}): DatagramSocket => {
    const options = { address: "127.0.0.1", udpPort, clock, dscp: 0, receiveBufferBytes: 1 << 20, ...rest };
    const socket = new native.DatagramSocket(options, () => delivered.push(...takeRecords(socket)));
    opened.push(socket);
    return socket;
  };
  const now = (): bigint => {
    const out = new Float64Array(6);
    clock.read(out);
    return BigInt(out[0] ?? 0) * 1_000_000_000n + BigInt(out[1] ?? 0);
  };
  const send = (socket: DatagramSocket, octets: number[], key: number): number => socket.send(Uint8Array.from(octets), octets.length, key);

  /** The kernel begins to stamp what arrives a little after the first socket has asked for it. */
  const warmUp = async (socket: DatagramSocket): Promise<void> => {
    await eventually(async () => {
      send(socket, [0], 0);
      await peer.send(Uint8Array.of(0), (await peer.receive()).port);
      await eventually(() => ofKind(delivered, recordKind.received).length > 0);
      return delivered.splice(0).every(({ ns }) => ns > 0n);
    });
  };

  it("is stamped by the kernel both ways, between the moments at which the program looked at its clock", async () => {
    const socket = open();
    await warmUp(socket);
    const before = socket.statistics();
    expect(socket.localAddress).toBe("127.0.0.1");
    let last = now();
    for (let key = 0; key < 20; key += 1) {
      expect(send(socket, [1, 2, key], key)).toBe(0);
      const sent = now();
      const { octets, port } = await peer.receive();
      expect([...octets]).toEqual([1, 2, key]);
      const answered = now();
      await peer.send(octets, port);
      await eventually(() => ofKind(delivered, recordKind.received).length === 1);
      const [stamp, ...rest] = delivered.splice(0);
      const [received] = rest;
      expect(rest).toHaveLength(1);
      expect(stamp).toMatchObject({ kind: recordKind.transmitStamp, socket: 0, key });
      expect(received).toMatchObject({ kind: recordKind.received, socket: 0, source: "127.0.0.1", sourcePort: peer.port });
      expect(received?.octets).toEqual([1, 2, key]);
      const times = [last, stamp?.ns ?? 0n, sent, answered, received?.ns ?? 0n, now()];
      expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
      last = times.at(-1) ?? 0n;
      expect(stamp?.raw).toBeGreaterThan(1000);
    }
    const after = socket.statistics();
    expect([0, 2, 3, 4].map((index) => (after[index] ?? 0) - (before[index] ?? 0))).toEqual([20, 20, 0, 0]);
  });

  it("returns every transmit stamp of a burst with its own key", async () => {
    const socket = open();
    for (let index = 0; index < 64; index += 1) expect(send(socket, [index], 4_000_000_000 + index)).toBe(0);
    await eventually(() => delivered.length >= 64);
    expect(delivered.map(({ key }) => key)).toEqual(Array.from({ length: 64 }, (_, index) => 4_000_000_000 + index));
    const times = delivered.map(({ ns }) => ns);
    expect(times[0]).toBeGreaterThan(0n);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
  });

  it("hears nobody but its peer", async () => {
    const socket = open();
    send(socket, [1], 1);
    const { port } = await peer.receive();
    const stranger = await UdpPeer.open("127.0.0.1");
    const neighbour = await UdpPeer.open("127.0.0.2", peer.port);
    opened.push(stranger, neighbour);
    await stranger.send(Uint8Array.of(66), port);
    await neighbour.send(Uint8Array.of(67), port);
    await peer.send(Uint8Array.of(2), port);
    await eventually(() => ofKind(delivered, recordKind.received).length > 0);
    socket.drain();
    delivered.push(...takeRecords(socket));
    expect(ofKind(delivered, recordKind.received).map(({ octets }) => octets)).toEqual([[2]]);
  });

  it("has a port of its own, other than that of any other socket", async () => {
    const [a, b] = [open(), open()];
    send(a, [1], 1);
    send(b, [2], 2);
    const [first, second] = [await peer.receive(), await peer.receive()];
    expect(first.port).not.toBe(second.port);
    await peer.send(Uint8Array.of(9), first.port);
    await eventually(() => ofKind(delivered, recordKind.received).length > 0);
    expect(b.statistics()[0]).toBe(0);
  });

  it("reports a refused port as a record with the errno, loses no stamp by it, and goes on", async () => {
    const { port } = peer;
    const socket = open();
    await peer.close();
    opened.splice(opened.indexOf(peer), 1);
    for (let key = 0; key < 10; key += 1) expect(send(socket, [1], key)).toBe(0);
    await eventually(() => delivered.length >= 20);
    expect(ofKind(delivered, recordKind.transmitStamp).map(({ key }) => key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const errors = ofKind(delivered, recordKind.error);
    expect(errors.map(({ key, ns, length }) => [key, ns, length])).toEqual(Array.from({ length: 10 }, () => [errno.ECONNREFUSED, 0n, 0]));
    expect(socket.statistics()).toEqual([0, expect.any(Number), 10, 0, 0]);
    const again = await UdpPeer.open("127.0.0.1", port);
    opened.push(again);
    expect(send(socket, [7], 99)).toBe(0);
    const { octets, port: back } = await again.receive();
    await again.send(octets, back);
    await eventually(() => ofKind(delivered, recordKind.received).length > 0);
    expect(delivered.at(-2)).toMatchObject({ kind: recordKind.transmitStamp, key: 99 });
    expect(delivered.at(-1)).toMatchObject({ kind: recordKind.received, octets: [7] });
  });

  it("converts a stamp with the steering that held when it was taken", async () => {
    const socket = open();
    send(socket, [1], 1);
    clock.step(5_000_000_000);
    send(socket, [2], 2);
    await eventually(() => delivered.length >= 2);
    expect(delivered.map(({ steering }) => steering)).toEqual([0, 5_000_000_000]);
  });

  it("counts what does not fit into its ring, and goes on", async () => {
    const socket = open();
    for (let index = 0; index < ringLayout.slots + 20; index += 1) send(socket, [1], index);
    expect(socket.drain()).toBe(ringLayout.slots);
    expect(socket.drain()).toBe(0);
    expect(takeRecords(socket)).toHaveLength(ringLayout.slots);
    await eventually(() => delivered.length >= 20);
    expect(delivered.at(-1)?.key).toBe(ringLayout.slots + 19);
    expect(socket.statistics()[3]).toBe(0);
  });

  it("returns errnos, refuses nonsense, and everything but its counts after close", () => {
    const socket = open();
    expect(send(socket, Array(65_507).fill(1), 1)).toBe(0);
    expect(() => socket.send(new Uint8Array(4), 5, 0)).toThrow(coded("MER_NATIVE_ARGUMENT"));
    expect(() => socket.send(new Uint8Array(4), 4, 2 ** 32 - 1)).toThrow(coded("MER_NATIVE_ARGUMENT"));
    socket.close();
    socket.close();
    expect(() => socket.send(new Uint8Array(4), 4, 0)).toThrow(coded("MER_NATIVE_CLOSED"));
    expect(() => socket.drain()).toThrow(coded("MER_NATIVE_CLOSED"));
    expect(socket.statistics()).toHaveLength(5);
    expect(socket.localAddress).toBe("127.0.0.1");
  });

  it("gives its descriptor back, also when the callback closes it", async () => {
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 20; round += 1) {
      let called = 0;
      const options = { address: "127.0.0.1", udpPort: peer.port, clock, dscp: 0, receiveBufferBytes: 4096 };
      const socket = new native.DatagramSocket(options, () => {
        called += 1;
        socket.close();
      });
      send(socket, [1], 1);
      await eventually(() => called > 0);
      expect(called).toBe(1);
    }
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 1);
  });

  it("says why it cannot be opened", () => {
    for (const address of ["localhost", "::1", "127.1", "0.0.0.0", "224.0.1.1", "255.255.255.255"])
      expect(() => open(123, { address }), address).toThrow(coded("MER_NATIVE_ARGUMENT"));
    for (const change of [{ udpPort: 0 }, { udpPort: 65_536 }, { dscp: 64 }, { receiveBufferBytes: 0 }, { clock: {} }])
      expect(() => open(123, change), JSON.stringify(change)).toThrow(coded("MER_NATIVE_ARGUMENT"));
  });
});

describe("a datagram socket on a veth pair", () => {
  it("reports hosts that do not answer and networks that are not there", async ({ skip }) => {
    skip(!canMakeNamespaces, "needs root");
    const pair = new NamespacePair("datagram");
    const left = new NativeProcess(pair.left);
    try {
      await left.ask("createClock", { path: clockPath, ...perfect });
      await left.ask("openClock", { id: "clock", uri, steer: false });
      const to = (address: string): object => ({ id: "socket", clock: "clock", address, udpPort: 123 });
      expect(await left.askForFailure("openSocket", to("192.0.2.1"))).toMatchObject({ code: "ENETUNREACH", syscall: "connect" });
      expect(await left.ask("openSocket", to("10.77.0.9"))).toEqual({ localAddress: "10.77.0.1" });
      // ARP gives up after three seconds.
      expect(await left.ask("sendDatagram", { id: "socket", octets: [1], key: 5 })).toBe(0);
      const [record] = await left.collect("delivered", "socket", (records) => records.length > 0);
      expect(record).toMatchObject({ kind: recordKind.error, key: errno.EHOSTUNREACH, seconds: 0 });
      // A link that is down is told by the send itself, and does not wake anyone for ever.
      pair.setUp(pair.left, false);
      expect(await left.ask<number>("sendDatagram", { id: "socket", octets: [1], key: 6 })).toBe(errno.ENETUNREACH);
      const cost = await left.ask<number>("processorSeconds");
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect((await left.ask<number>("processorSeconds")) - cost).toBeLessThan(0.15);
    } finally {
      await left.close();
      pair.remove();
    }
  });
});
