import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect } from "vitest";
import type { Clock, NtpServer } from "../index.js";
import { recordKind } from "./layout.js";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import { eventually } from "./testing/eventually.js";
import { type Answer, createRequest, createTemplate, readAnswer, type RequestFields, toNtp } from "./testing/ntp-messages.js";
import { takeRecords } from "./testing/take-records.js";
import { UdpPeer } from "./testing/udp-peer.js";

const native = await importBuilt(() => import("../index.js"));
const folder = mkdtempSync(join(tmpdir(), "meridian-ntp-"));
const clockPath = join(folder, "clock");
const uri = `virtual:${clockPath}`;
const udpPort = 21_123;
/** Indexes of statistics(). */
const [answers, interleaved, rateLimited] = [0, 1, 4] as const;

afterAll(() => rmSync(folder, { recursive: true }));

describe("an NTP server", () => {
  let clock: Clock;
  let server: NtpServer;
  const opened: { close(): unknown }[] = [];

  beforeEach(() => {
    // Away from the host's time: no stamp of another clock passes for one of this.
    native.createVirtualClock(clockPath, { seconds: 600, seed: 1, offsetNs: 7e9, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    clock = native.Clock.open(uri, { steer: true });
    server = start();
    opened.push(clock);
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
  });

  const start = (rest: object = {}): NtpServer => {
    const options = { clock, udpPort, allowed: ["127.0.0.0/16", "127.9.0.0/16"], receiveBufferBytes: 1 << 23, ...rest };
    const started = new native.NtpServer(options);
    opened.push(started);
    return started;
  };
  const client = async (address = "127.0.0.1"): Promise<UdpPeer> => {
    const peer = await UdpPeer.open(address);
    opened.push(peer);
    return peer;
  };
  const ask = async (peer: UdpPeer, fields: RequestFields = {}): Promise<Answer> => {
    await peer.send(createRequest(fields), udpPort);
    return readAnswer((await peer.receive()).octets);
  };
  const now = (): bigint => {
    const out = new Float64Array(6);
    clock.read(out);
    return toNtp(BigInt(out[0] ?? 0) * 1_000_000_000n + BigInt(out[1] ?? 0));
  };
  /** What came to them, once it is as many as that. @throws when it is more */
  const gather = async (peers: UdpPeer[], count = 0): Promise<{ octets: Buffer }[]> => {
    const found: { octets: Buffer }[] = [];
    await eventually(() => found.push(...peers.flatMap((peer) => peer.take())) >= count);
    expect(found).toHaveLength(count);
    return found;
  };
  /** Two requests, so that the next answer may be interleaved. @returns the second answer */
  const begin = async (peer: UdpPeer): Promise<Answer> => {
    const { receive } = await ask(peer);
    return ask(peer, { origin: receive, receive: 1n });
  };

  it("answers versions 1 to 4 with the template, the request's poll and cookie, and its own clock's times", async () => {
    server.setTemplate(createTemplate(), 0, 60, 0);
    const peer = await client();
    for (const version of [1, 2, 3, 4]) {
      const before = now();
      const answer = await ask(peer, { version, poll: version, transmit: 77n, origin: 6n, receive: 5n });
      expect(answer).toMatchObject({ leap: 1, version, mode: 4, stratum: 2, poll: version, precision: -23, rootDelay: 1 / 64 });
      expect(answer).toMatchObject({ rootDispersion: 1 / 128, referenceId: "GPS\0", reference: 0x0102_0304_0506_0708n, origin: 77n });
      // One unit of slack: stamps are odd or even.
      const times = [before - 1n, answer.receive, answer.transmit + 1n, now() + 1n];
      expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
      expect([answer.receive & 1n, answer.transmit & 1n]).toEqual([1n, 0n]);
    }
    expect(server.statistics()).toEqual([4, 0, 0, 0, 0, 0]);
  });

  it("answers from the address and to the port that it was asked at and from, with 48 octets however long the request was", async () => {
    const peer = await client();
    for (const [length, address] of [
      [48, "127.0.0.9"],
      [68, "127.9.8.7"],
      [1472, "127.0.0.1"],
    ] as const) {
      await peer.send(createRequest({ length }), udpPort, address);
      expect(await peer.receive()).toMatchObject({ address, port: udpPort, octets: { length: 48 } });
    }
  });

  it("is silent to everything but client requests of versions 1 to 4 in whole words", async () => {
    const peer = await client();
    const silent = [
      ...[0, 1, 2, 4, 5, 6, 7].map((mode) => createRequest({ mode })),
      ...[0, 5, 6, 7].map((version) => createRequest({ version })),
      ...[0, 1, 47].map((length) => createRequest().subarray(0, length)),
      ...[49, 50, 51].map((length) => createRequest({ length })),
    ];
    for (const octets of silent) await peer.send(octets, udpPort);
    const { origin } = await ask(peer, { transmit: 99n });
    expect(origin).toBe(99n);
    expect(peer.take()).toEqual([]);
    expect(server.statistics()).toEqual([1, 0, 0, silent.length, 0, 0]);
  });

  it("is silent to other networks and to broadcasts", async () => {
    const [stranger, peer] = [await client("127.1.0.1"), await client()];
    for (let index = 0; index < 5; index += 1) await stranger.send(createRequest(), udpPort);
    await stranger.send(Uint8Array.of(1), udpPort);
    peer.allowBroadcast();
    await peer.send(createRequest({ transmit: 1n }), udpPort, "127.255.255.255");
    expect((await ask(peer, { transmit: 2n })).origin).toBe(2n);
    expect([...stranger.take(), ...peer.take()]).toEqual([]);
    expect(server.statistics()).toEqual([1, 0, 6, 1, 0, 0]);
  });

  it("survives 20,000 random datagrams and answers only those that are requests, never with more than 48 octets", async () => {
    const peers = await Promise.all([1, 2, 3, 4].map((last) => client(`127.0.7.${last}`)));
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const [total, batch] = [20_000, 400];
    let requests = 0;
    for (let sent = 0; sent < total; sent += batch) {
      for (let index = 0; index < batch; index += 1) {
        const octets = Buffer.from(Array.from({ length: random(120) }, () => random(256)));
        if (octets.length > 0 && random(4) === 0) octets[0] = 0x23;
        const [first = 0] = octets;
        const version = (first >> 3) & 7;
        if (octets.length >= 48 && octets.length % 4 === 0 && (first & 7) === 3 && version >= 1 && version <= 4) requests += 1;
        await peers[random(peers.length)]?.send(octets, udpPort);
      }
      await eventually(() => server.statistics().reduce((sum, count) => sum + count) >= sent + batch);
    }
    expect(requests).toBeGreaterThan(500);
    const counts = server.statistics();
    expect(counts).toEqual([expect.any(Number), 0, 0, total - requests, requests - (counts[answers] ?? 0), 0]);
    expect(counts[answers]).toBeGreaterThanOrEqual(4 * 64);
    const arrived = await gather(peers, counts[answers]);
    for (const { octets } of arrived) expect(readAnswer(octets)).toMatchObject({ mode: 4, leap: 3, stratum: 0 });
  });
  it("limits each address to a burst and a rate, and serves the others meanwhile", async () => {
    const [greedy, modest] = [await client("127.0.0.3"), await client("127.0.0.4")];
    const began = performance.now();
    for (let index = 0; index < 300; index += 1) await greedy.send(createRequest(), udpPort);
    await ask(modest);
    const seconds = (performance.now() - began) / 1e3;
    const counts = server.statistics();
    expect((counts[answers] ?? 0) + (counts[rateLimited] ?? 0)).toBe(301);
    expect(counts[answers]).toBeGreaterThanOrEqual(65);
    expect(counts[answers]).toBeLessThanOrEqual(66 + 32 * seconds);
    // Not even a kiss of death for those over the limit.
    await gather([greedy], (counts[answers] ?? 0) - 1);
    // Its bucket fills again.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ask(greedy);
  });

  it("says that it is unsynchronized before the first template, after the last one's time, and after a step of its clock", async () => {
    const peer = await client();
    // The reference id is no ASCII: such an answer is no kiss of death.
    const unsynchronized = { leap: 3, stratum: 0, referenceId: "\0\0\0\0", rootDispersion: 16 };
    expect(await ask(peer)).toMatchObject({ ...unsynchronized, mode: 4, version: 4 });
    server.setTemplate(createTemplate(), 0, 0.2, 0);
    expect(await ask(peer)).toMatchObject({ leap: 1, stratum: 2, referenceId: "GPS\0" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await ask(peer)).toMatchObject(unsynchronized);
    server.setTemplate(createTemplate(), 0, 60, 0);
    expect(await ask(peer)).toMatchObject({ leap: 1, stratum: 2 });
    clock.step(1000);
    expect(await ask(peer)).toMatchObject(unsynchronized);
    server.setTemplate(createTemplate(), 0, 60, 0);
    expect(await ask(peer)).toMatchObject({ leap: 1, stratum: 2 });
    const stratum16 = createTemplate();
    stratum16[1] = 16;
    server.setTemplate(stratum16, 0, 60, 0);
    expect(await ask(peer)).toMatchObject(unsynchronized);
  });

  it("lets root dispersion grow from the template on", async () => {
    const peer = await client();
    const earliest = performance.now();
    server.setTemplate(createTemplate(), 1e8, 60, 0);
    const latest = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const asked = performance.now();
    const { rootDispersion } = await ask(peer);
    const grown = rootDispersion - 1 / 128;
    expect(grown).toBeGreaterThanOrEqual((0.1 * (asked - latest)) / 1e3 - 1e-4);
    expect(grown).toBeLessThanOrEqual((0.1 * (performance.now() - earliest)) / 1e3 + 1e-4);
  });

  it("tells an interleaved client by a kernel stamp when its last answer really left", async () => {
    const options = { address: "127.0.0.1", udpPort, clock, dscp: 0, receiveBufferBytes: 1 << 16 };
    const socket = new native.DatagramSocket(options, () => undefined);
    opened.push(socket);
    const exchange = async (fields: RequestFields): Promise<{ answer: Answer; arrived: bigint }> => {
      expect(socket.send(createRequest(fields), 48, 1)).toBe(0);
      const record = await eventually(() => {
        socket.drain();
        return takeRecords(socket).find(({ kind }) => kind === recordKind.received);
      });
      return { answer: readAnswer(Uint8Array.from(record.octets)), arrived: toNtp(record.ns) };
    };
    const { answer: first } = await exchange({});
    let last = await exchange({ origin: first.receive, receive: 1n, transmit: 2n });
    expect(last.answer.origin).toBe(2n);
    // When the last answer was put together: what it said itself, while it was a basic one.
    let earliest = last.answer.transmit;
    for (let round = 0; round < 10; round += 1) {
      const receive = 1000n + BigInt(round);
      const next = await exchange({ origin: last.answer.receive, receive, transmit: 2n });
      expect(next.answer.origin).toBe(receive);
      const times = [earliest, next.answer.transmit, last.arrived || next.answer.receive, next.answer.receive];
      expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
      expect(next.answer.transmit).toBeGreaterThan(earliest);
      [last, earliest] = [next, next.answer.receive];
    }
    expect(server.statistics()).toEqual([12, 10, 0, 0, 0, 0]);
  });

  it("answers in the basic mode what RFC 9769 does not call interleaved", async () => {
    const [peer, other] = [await client(), await client("127.0.0.2")];
    const neighbour = await client();
    const isBasic = async (from: UdpPeer, fields: RequestFields): Promise<boolean> =>
      (await ask(from, { receive: 5n, transmit: 2n, ...fields })).origin === 2n;
    const known = async (): Promise<bigint> => (await begin(peer)).receive;
    // Receive equals transmit: a basic client's.
    expect(await isBasic(peer, { origin: await known(), receive: 2n })).toBe(true);
    // Another address; a transmit stamp of ours; a stamp that never was.
    expect(await isBasic(other, { origin: await known() })).toBe(true);
    expect(await isBasic(peer, { origin: (await begin(peer)).transmit })).toBe(true);
    expect(await isBasic(peer, { origin: 0x1111_1111_1111_1111n })).toBe(true);
    // A client may change its port (RFC 9109), but refer to an answer once only.
    const origin = await known();
    expect(await isBasic(neighbour, { origin })).toBe(false);
    expect(await isBasic(peer, { origin })).toBe(true);
    // What was measured before a step is worth nothing.
    const before = await known();
    clock.step(1e9);
    expect(await isBasic(peer, { origin: before })).toBe(true);
    expect(server.statistics()[interleaved]).toBe(1);
  });

  it("remembers a few answers to each address, so that one that is lost ends nothing", async () => {
    const peer = await client();
    const first = await begin(peer);
    for (let index = 0; index < 7; index += 1) await ask(peer, { origin: first.transmit + 1n, receive: 1n });
    expect((await ask(peer, { origin: first.receive, receive: 5n })).origin).toBe(5n);
    const second = await begin(peer);
    for (let index = 0; index < 8; index += 1) await ask(peer, { origin: second.transmit + 1n, receive: 1n, transmit: 2n });
    expect((await ask(peer, { origin: second.receive, receive: 5n, transmit: 2n })).origin).toBe(2n);
  });
});
