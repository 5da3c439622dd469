import { constants } from "node:os";
import { beforeEach, describe, expect, it } from "vitest";
import type { Clock, DatagramSocket } from "../../index.js";
import { recordKind } from "../layout.js";
import { createRequest, createTemplate, readAnswer } from "../testing/ntp-messages.js";
import { takeRecords } from "../testing/take-records.js";
import { createFakeNative, FakeMachine, FakeNetwork } from "./index.js";

const peer = { address: "192.0.2.1", udpPort: 123 };
const name = "192.0.2.1:123";
let machine: FakeMachine;
let native: ReturnType<typeof createFakeNative>;
let clock: Clock;

beforeEach(() => {
  machine = new FakeMachine();
  native = createFakeNative(machine);
  machine.connect("eth0", new FakeNetwork(() => 1e-6));
  native.createVirtualClock("clock", { seconds: 60, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  clock = native.Clock.open("virtual:clock", { steer: true });
});

const openSocket = (): DatagramSocket => new native.DatagramSocket({ ...peer, clock, dscp: 0, receiveBufferBytes: 4096 }, () => undefined);
const send = (socket: DatagramSocket): number => socket.send(Uint8Array.of(1, 2, 3), 3, 9);

describe("a fake unicast network", () => {
  it("carries datagrams to a server that the test plays, and its answers back, after the delay of each way", () => {
    machine.unicast.delay = (from) => (from === peer.address ? 0.003 : 0.001);
    machine.unicast.listen(peer, ({ source, destination, octets }) => {
      expect([source.address, machine.now]).toEqual(["10.0.0.1", 1_000_000]);
      machine.unicast.send({ source: destination, destination: source, octets: Uint8Array.from([...octets, 4]) });
    });
    const socket = openSocket();
    expect(socket.localAddress).toBe("10.0.0.1");
    send(socket);
    machine.advance(0.01);
    const [stamp, answer] = takeRecords(socket);
    expect(answer).toMatchObject({ kind: recordKind.received, octets: [1, 2, 3, 4], source: "192.0.2.1", sourcePort: 123 });
    expect((answer?.ns ?? 0n) - (stamp?.ns ?? 0n)).toBe(4_000_000n);
  });

  it("loses what goes to a host that is not there, and tells of one that does not listen", () => {
    const socket = openSocket();
    send(socket);
    machine.advance(1);
    expect(takeRecords(socket).map(({ kind }) => kind)).toEqual([recordKind.transmitStamp]);
    machine.unicast.listen({ ...peer, udpPort: 124 }, () => undefined);
    send(socket);
    machine.advance(1);
    expect(takeRecords(socket)).toMatchObject([{}, { kind: recordKind.error, key: constants.errno.ECONNREFUSED }]);
  });

  it("lets nobody but the peer reach a socket", () => {
    const ports: number[] = [];
    machine.unicast.listen(peer, ({ source }) => ports.push(source.udpPort));
    const socket = openSocket();
    send(socket);
    machine.advance(1);
    takeRecords(socket);
    for (const source of [{ ...peer, udpPort: 124 }, { address: "192.0.2.2", udpPort: 123 }, peer])
      machine.unicast.send({ source, destination: { address: "10.0.0.1", udpPort: ports[0] ?? 0 }, octets: new Uint8Array(1) });
    machine.advance(1);
    expect(takeRecords(socket)).toMatchObject([{ source: "192.0.2.1", sourcePort: 123 }]);
  });

  it("has peers that a fault refuses, sends that fail, stamps that never come, and errors out of the blue", () => {
    machine.faults.openSocket.set(name, "ENETUNREACH");
    expect(openSocket).toThrow(expect.objectContaining({ code: "ENETUNREACH", syscall: "connect" }));
    machine.faults.openSocket.clear();
    const socket = openSocket();
    machine.faults.send.set(name, "ENOBUFS");
    expect(send(socket)).toBe(constants.errno.ENOBUFS);
    machine.faults.send.clear();
    machine.faults.transmitStamp.set(name, "never");
    expect(send(socket)).toBe(0);
    machine.breakPort(name, "EHOSTUNREACH");
    machine.advance(1);
    expect(takeRecords(socket)).toMatchObject([{ kind: recordKind.error, key: constants.errno.EHOSTUNREACH }]);
    expect(socket.statistics()).toEqual([0, 0, 0, 0, 1]);
  });

  it("is out of reach without an interface", () => {
    machine.disconnect("eth0");
    expect(openSocket).toThrow(expect.objectContaining({ code: "ENETUNREACH" }));
  });
});

describe("a fake NTP server", () => {
  it("answers while JavaScript stands still, and is refused its port by a fault", () => {
    machine.faults.openServer.set(123, "EACCES");
    const options = { clock, udpPort: 123, allowed: ["0.0.0.0/0"], receiveBufferBytes: 4096 };
    expect(() => new native.NtpServer(options)).toThrow(expect.objectContaining({ code: "EACCES", syscall: "bind" }));
    machine.faults.openServer.clear();
    const server = new native.NtpServer(options);
    server.setTemplate(createTemplate(), 0, 60, 0);
    const answers: { at: number; stratum: number }[] = [];
    const client = { address: "192.0.2.9", udpPort: 5000 };
    machine.unicast.listen(client, ({ octets }) => answers.push({ at: machine.now, stratum: readAnswer(octets).stratum }));
    machine.unicast.send({ source: client, destination: { address: "10.0.0.1", udpPort: 123 }, octets: createRequest() });
    machine.stall(1);
    expect(answers).toEqual([{ at: 400_000, stratum: 2 }]);
    server.close();
    machine.unicast.send({ source: client, destination: { address: "10.0.0.1", udpPort: 123 }, octets: createRequest() });
    machine.advance(1);
    expect(answers).toHaveLength(1);
  });
});
