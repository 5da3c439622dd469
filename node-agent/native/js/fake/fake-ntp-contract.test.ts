/** What DatagramSocket and NtpServer do alike in the real module and in the fake. */
import { constants } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type * as Native from "../../index.js";
import { recordKind, ringLayout } from "../layout.js";
import { type Bench, benches } from "../testing/benches.js";
import { type Answer, createRequest, createTemplate, readAnswer, type RequestFields } from "../testing/ntp-messages.js";
import { type TakenRecord, takeRecords } from "../testing/take-records.js";

const udpPort = 21_223;
const unsynchronized = { leap: 3, stratum: 0, referenceId: "\0\0\0\0", rootDispersion: 16 };
const coded = (code: string, rest: object = {}): unknown => expect.objectContaining({ code, ...rest });
const argument = coded("MER_NATIVE_ARGUMENT");
const closed = coded("MER_NATIVE_CLOSED");

describe.each(benches)("%s", (_name, createBench) => {
  let bench: Bench;
  let native: typeof Native;
  let clock: Native.Clock;
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(one: T): T => {
    opened.push(one);
    return one;
  };
  /** Records that came by the event loop. */
  let delivered: TakenRecord[];

  beforeEach(() => {
    bench = createBench();
    native = bench.native;
    const path = join(bench.folder, "clock");
    native.createVirtualClock(path, { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    clock = keep(native.Clock.open(`virtual:${path}`, { steer: true }));
    delivered = [];
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    bench.remove();
  });

  const openServer = (change: object = {}): Native.NtpServer =>
    keep(new native.NtpServer({ clock, udpPort, allowed: ["127.0.0.0/8"], receiveBufferBytes: 1 << 20, ...change }));
  const openSocket = (change: object = {}): Native.DatagramSocket => {
    const options = { address: "127.0.0.1", udpPort, clock, dscp: 0, receiveBufferBytes: 1 << 20, ...change };
    const socket = new native.DatagramSocket(options, () => void delivered.push(...takeRecords(socket)));
    return keep(socket);
  };
  const settle = async (isSettled: () => boolean): Promise<void> => {
    for (let round = 0; round < 1000 && !isSettled(); round += 1) await bench.wait(0.01);
    if (!isSettled()) throw new Error("not settled");
  };
  const arrivals = (): TakenRecord[] => delivered.filter(({ kind }) => kind === recordKind.received);
  const ask = async (socket: Native.DatagramSocket, fields: RequestFields = {}): Promise<Answer> => {
    delivered = [];
    expect(socket.send(createRequest(fields), 48, 7)).toBe(0);
    await settle(() => arrivals().length > 0);
    return readAnswer(Uint8Array.from(arrivals()[0]?.octets ?? []));
  };

  describe("a datagram socket", () => {
    it("has an empty ring, an address and counts of nothing", () => {
      const socket = openSocket();
      expect(socket.ring.byteLength).toBe(ringLayout.headerBytes + ringLayout.slots * ringLayout.slotBytes);
      expect(socket.localAddress).toBe("127.0.0.1");
      expect(socket.statistics()).toEqual([0, 0, 0, 0, 0]);
      expect(socket.drain()).toBe(0);
    });

    it("gets the stamp of what it sent with its key, before the answer", async () => {
      openServer();
      const socket = openSocket();
      await ask(socket);
      expect(delivered.map(({ kind, socket: number, key }) => [kind, number, key])).toEqual([
        [recordKind.transmitStamp, 0, 7],
        [recordKind.received, 0, 0],
      ]);
      expect(arrivals()).toMatchObject([{ source: "127.0.0.1", sourcePort: udpPort, length: 48 }]);
      expect(socket.statistics()).toEqual([1, expect.any(Number), 1, 0, 0]);
    });

    it("is told that nobody listens, by a record", async () => {
      const socket = openSocket();
      expect(socket.send(createRequest(), 48, 7)).toBe(0);
      await settle(() => delivered.length >= 2);
      expect(delivered.map(({ kind, key, length, ns }) => [kind, key, length, ns > 0n])).toEqual([
        [recordKind.transmitStamp, 7, 0, true],
        [recordKind.error, constants.errno.ECONNREFUSED, 0, false],
      ]);
      expect(socket.statistics()).toEqual([0, expect.any(Number), 1, 0, 0]);
    });

    it("refuses nonsense, and everything but its counts after close", () => {
      const wrong = [
        ...[{ address: "localhost" }, { address: "0.0.0.0" }, { address: "224.0.0.1" }, { address: "255.255.255.255" }],
        ...[{ udpPort: 0 }, { dscp: 64 }, { receiveBufferBytes: 0 }, { clock: {} }],
      ];
      for (const change of wrong) expect(() => openSocket(change), JSON.stringify(change)).toThrow(argument);
      const socket = openSocket();
      expect(() => socket.send(new Uint8Array(4), 5, 0)).toThrow(argument);
      expect(() => socket.send(new Uint8Array(4), 4, 2 ** 32 - 1)).toThrow(argument);
      socket.close();
      socket.close();
      expect(() => socket.send(new Uint8Array(4), 4, 0)).toThrow(closed);
      expect(() => socket.drain()).toThrow(closed);
      expect(socket.statistics()).toHaveLength(5);
      clock.close();
      expect(() => openSocket()).toThrow(closed);
    });
  });

  describe("an NTP server", () => {
    it("answers with its template, and the request's version, poll and cookie", async () => {
      const server = openServer();
      const socket = openSocket();
      expect(await ask(socket)).toMatchObject(unsynchronized);
      server.setTemplate(createTemplate(), 0, 60, 0);
      const answer = await ask(socket, { version: 3, poll: -4 & 0xff, transmit: 9n });
      expect(answer).toMatchObject({ leap: 1, version: 3, mode: 4, stratum: 2, poll: -4, precision: -23, referenceId: "GPS\0" });
      expect(answer).toMatchObject({ origin: 9n, rootDispersion: 1 / 128, reference: 0x0102_0304_0506_0708n });
      expect([answer.receive & 1n, answer.transmit & 1n]).toEqual([1n, 0n]);
      expect(server.statistics()).toEqual([2, 0, 0, 0, 0, 0]);
    });

    it("is silent to other networks and to what is no request", async () => {
      const server = openServer();
      const other = openServer({ udpPort: udpPort + 1, allowed: ["10.0.0.0/8", "127.0.0.2/32"] });
      const [socket, stranger] = [openSocket(), openSocket({ udpPort: udpPort + 1 })];
      stranger.send(createRequest(), 48, 0);
      for (const octets of [createRequest({ mode: 4 }), createRequest({ version: 5 }), createRequest({ version: 0 })])
        socket.send(octets, 48, 0);
      socket.send(createRequest({ length: 50 }), 50, 0);
      socket.send(createRequest(), 47, 0);
      expect((await ask(socket, { transmit: 3n })).origin).toBe(3n);
      await settle(() => other.statistics()[2] === 1);
      expect(server.statistics()).toEqual([1, 0, 0, 5, 0, 0]);
      expect(other.statistics()).toEqual([0, 0, 1, 0, 0, 0]);
    });

    it("limits an address to a burst", async () => {
      const server = openServer();
      const socket = openSocket();
      for (let index = 0; index < 100; index += 1) socket.send(createRequest(), 48, index);
      await settle(() => (server.statistics()[0] ?? 0) + (server.statistics()[4] ?? 0) === 100);
      expect(server.statistics()[0]).toBeGreaterThanOrEqual(64);
      expect(server.statistics()[4]).toBeGreaterThan(0);
    });

    it("is interleaved from the third exchange on, and refers to each answer once", async () => {
      const server = openServer();
      const socket = openSocket();
      const origins: bigint[] = [];
      let origin = 0n;
      let last: Answer | null = null;
      for (const receive of [11n, 13n, 15n, 17n]) {
        const answer = await ask(socket, { origin, receive, transmit: 2n });
        origins.push(answer.origin);
        if (answer.origin !== 2n) {
          expect(answer.transmit).toBeGreaterThanOrEqual((last?.receive ?? 0n) - 1n);
          expect(answer.transmit).toBeLessThan(answer.receive);
        }
        [origin, last] = [answer.receive, answer];
      }
      expect(origins).toEqual([2n, 2n, 15n, 17n]);
      expect((await ask(socket, { origin, receive: 2n, transmit: 2n })).origin).toBe(2n);
      expect((await ask(socket, { origin, receive: 19n, transmit: 2n })).origin).toBe(19n);
      expect((await ask(socket, { origin, receive: 21n, transmit: 2n })).origin).toBe(2n);
      expect(server.statistics()).toEqual([7, 3, 0, 0, 0, 0]);
    });

    it("is unsynchronized after the template's time and after a step, and in what was before one", async () => {
      const server = openServer();
      const socket = openSocket();
      server.setTemplate(createTemplate(), 0, 0.2, 0);
      expect(await ask(socket)).toMatchObject({ stratum: 2 });
      await bench.wait(0.3);
      expect(await ask(socket)).toMatchObject(unsynchronized);
      server.setTemplate(createTemplate(), 0, 60, 0);
      const { receive } = await ask(socket, { origin: 1n, receive: 1n, transmit: 2n });
      clock.step(1e6);
      expect(await ask(socket, { origin: receive, receive: 5n, transmit: 2n })).toMatchObject({ ...unsynchronized, origin: 2n });
      const unsound = createTemplate();
      unsound[1] = 16;
      server.setTemplate(unsound, 0, 60, 0);
      expect(await ask(socket)).toMatchObject(unsynchronized);
    });

    it("lets root dispersion grow", async () => {
      const server = openServer();
      const socket = openSocket();
      server.setTemplate(createTemplate(), 1e9, 60, 0);
      await bench.wait(0.2);
      const { rootDispersion } = await ask(socket);
      expect(rootDispersion - 1 / 128).toBeGreaterThanOrEqual(0.195);
      expect(rootDispersion - 1 / 128).toBeLessThan(10);
    });

    it("is alone on its port, refuses nonsense, and templates after close", () => {
      const server = openServer();
      expect(() => openServer()).toThrow(coded("EADDRINUSE", { syscall: "bind" }));
      const wrong = [
        { udpPort: 65_536 },
        ...[[], ["10.0.0.0"], ["10.0.0.0/33"], ["10.0.0/8"], Array(33).fill("10.0.0.0/8")].map((allowed) => ({ allowed })),
        ...[{ receiveBufferBytes: 0 }, { clock: {} }],
      ];
      for (const change of wrong) expect(() => openServer({ udpPort: udpPort + 1, ...change }), JSON.stringify(change)).toThrow(argument);
      expect(() => server.setTemplate(new Uint8Array(47), 0, 1, 0)).toThrow(argument);
      expect(() => server.setTemplate(createRequest(), 0, 1, 0)).toThrow(argument);
      expect(() => server.setTemplate(createTemplate(), -1, 1, 0)).toThrow(argument);
      expect(() => server.setTemplate(createTemplate(), 0, Number.POSITIVE_INFINITY, 0)).toThrow(argument);
      server.close();
      server.close();
      expect(() => server.setTemplate(createTemplate(), 0, 1, 0)).toThrow(closed);
      expect(server.statistics()).toEqual([0, 0, 0, 0, 0, 0]);
      openServer();
    });
  });
});
