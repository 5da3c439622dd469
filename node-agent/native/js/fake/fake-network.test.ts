import { constants } from "node:os";
import { beforeEach, describe, expect, it } from "vitest";
import type { Clock, Port, PortOptions, SyncProgram } from "../../index.js";
import { recordKind, ringLayout } from "../layout.js";
import { takeRecords } from "../testing/take-records.js";
import { createFakeNative, FakeMachine, FakeNetwork } from "./index.js";

const delay = 10e-6;
const oneSecond = 1_000_000_000n;
let machine: FakeMachine;
let native: ReturnType<typeof createFakeNative>;
let clock: Clock;
/** What happened, in order. */
let told: string[];

beforeEach(() => {
  machine = new FakeMachine();
  native = createFakeNative(machine);
  const network = new FakeNetwork((from) => (from === "far" ? 3 * delay : delay));
  for (const name of ["near", "far", "third"]) machine.connect(name, network);
  native.createVirtualClock("clock", { seconds: 60, seed: 1, offsetNs: 5, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  clock = native.Clock.open("virtual:clock", { steer: true });
  told = [];
});

function openPort(interfaceName: string, eventPoll: PortOptions["eventPoll"] = "always"): Port {
  const options = { interfaceName, clock, eventPort: 319, generalPort: 320, dscp: 0, receiveBufferBytes: 4096, eventPoll };
  return new native.Port(options, () => void told.push(interfaceName));
}

const now = (): bigint => {
  const out = new Float64Array(6);
  clock.read(out);
  return BigInt(out[0] ?? 0) * oneSecond + BigInt(out[1] ?? 0);
};

describe("a fake network", () => {
  it("carries what one port sends to every other, stamped at both ends", () => {
    const [near, far, third] = [openPort("near"), openPort("far"), openPort("third")];
    const start = now();
    expect(near.sendEvent(Uint8Array.of(1, 2, 3, 4), 3, 77)).toBe(0);
    machine.advance(1);
    expect(takeRecords(near)).toMatchObject([{ kind: recordKind.transmitStamp, key: 77, ns: start, octets: [] }]);
    const arrived = { kind: recordKind.received, socket: 0, ns: start + 10_000n, source: "10.0.0.1", latency: 0, octets: [1, 2, 3] };
    expect([takeRecords(far), takeRecords(third)]).toMatchObject([[arrived], [arrived]]);
    far.sendGeneral(Uint8Array.of(9), 1);
    machine.advance(1);
    expect(takeRecords(near)).toMatchObject([
      { kind: recordKind.received, socket: 1, ns: start + oneSecond + 30_000n, source: "10.0.0.2" },
    ]);
    expect([near.statistics(), far.statistics()]).toEqual([
      [1, 2, 1, 0, 0],
      [1, 1, 0, 0, 0],
    ]);
  });

  it("leaves a lazy event socket alone until a general message comes", () => {
    const [near, far] = [openPort("near"), openPort("far", "lazy")];
    near.sendEvent(Uint8Array.of(1), 1, 0);
    machine.advance(1);
    expect(told).not.toContain("far");
    near.sendGeneral(Uint8Array.of(2), 1);
    machine.advance(1);
    expect(takeRecords(far).map(({ octets }) => octets)).toEqual([[1], [2]]);
    near.sendEvent(Uint8Array.of(3), 1, 0);
    machine.advance(1);
    expect(far.drain()).toBe(1);
    expect(takeRecords(far)[0]?.latency).toBe(999_990_000);
  });

  it("calls nobody while a port is never polled, and at once when it is again", () => {
    const [near, far] = [openPort("near"), openPort("far")];
    far.setEventPoll("never");
    near.sendGeneral(Uint8Array.of(1), 1);
    machine.advance(1);
    expect(told).toEqual([]);
    far.setEventPoll("lazy");
    machine.advance(0);
    expect(told).toEqual(["far"]);
    expect(takeRecords(far)).toMatchObject([{ latency: 999_990_000, octets: [1] }]);
  });

  it("converts a stamp with the steering that held when it was taken", () => {
    const [near, far] = [openPort("near"), openPort("far", "lazy")];
    near.sendEvent(Uint8Array.of(1), 1, 0);
    machine.advance(1);
    clock.step(1000);
    near.sendEvent(Uint8Array.of(2), 1, 0);
    machine.advance(1);
    far.drain();
    expect(takeRecords(far).map(({ steering }) => steering)).toEqual([0, 1000]);
  });

  it("counts what a stuck consumer does not take", () => {
    const [near, far] = [openPort("near"), openPort("far")];
    for (let index = 0; index < ringLayout.slots + 10; index += 1) near.sendGeneral(Uint8Array.of(1), 1);
    machine.advance(1);
    expect(far.statistics()).toEqual([ringLayout.slots, 1, 0, 10, 0]);
    expect(takeRecords(far)).toHaveLength(ringLayout.slots);
    near.sendGeneral(Uint8Array.of(2), 1);
    machine.advance(1);
    expect(takeRecords(far)).toMatchObject([{ octets: [2] }]);
  });

  it("has ports that a fault refuses, stamps that never come or say nothing, and sends that fail", () => {
    machine.faults.openPort.set("near", "EACCES");
    expect(() => openPort("near")).toThrow(expect.objectContaining({ code: "EACCES", syscall: "bind" }));
    machine.faults.openPort.clear();
    const near = openPort("near");
    machine.faults.transmitStamp.set("near", "never");
    near.sendEvent(Uint8Array.of(1), 1, 1);
    machine.faults.transmitStamp.set("near", "untimed");
    near.sendEvent(Uint8Array.of(1), 1, 2);
    machine.advance(1);
    expect(takeRecords(near)).toMatchObject([{ kind: recordKind.transmitStamp, key: 2, ns: 0n }]);
    machine.faults.send.set("near", "ENOBUFS");
    expect([near.sendEvent(Uint8Array.of(1), 1, 3), near.sendGeneral(Uint8Array.of(1), 1)]).toEqual(Array(2).fill(constants.errno.ENOBUFS));
    expect(near.statistics()[4]).toBe(2);
  });

  it("has interfaces that vanish: the port is told, and no other opens until they come back", () => {
    const near = openPort("near");
    machine.disconnect("near");
    machine.advance(0);
    expect(told).toEqual(["near"]);
    expect(takeRecords(near)).toMatchObject([{ kind: recordKind.error, key: constants.errno.ENODEV, ns: 0n }]);
    near.close();
    expect(() => openPort("near")).toThrow(expect.objectContaining({ code: "ENODEV" }));
  });
});

describe("a fake Sync program", () => {
  const openProgram = (logInterval: number): SyncProgram =>
    new native.SyncProgram({
      ...{ interfaceName: "near", clock, eventPort: 319, generalPort: 320, dscp: 0 },
      ...{ sync: new Uint8Array(44), followUp: new Uint8Array(44).fill(1, 0, 1), logInterval, labelOffsetSeconds: 37 },
    });

  it("labels each Sync with the clock's time of sending, also while JavaScript stands still", () => {
    const far = openPort("far");
    const start = now();
    const program = openProgram(0);
    machine.stall(2.5);
    expect(told).toEqual([]);
    machine.advance(0);
    expect(told).toEqual(["far"]);
    const followUps = takeRecords(far).filter(({ socket }) => socket === 1);
    expect(followUps.map(({ octets }) => octets[31])).toEqual([0, 1]);
    const label = (octets: readonly number[]): bigint => {
      const view = new DataView(Uint8Array.from(octets).buffer);
      return BigInt(view.getUint32(36)) * oneSecond + BigInt(view.getUint32(40));
    };
    expect(followUps.map(({ octets }) => label(octets) - start)).toEqual([38n * oneSecond, 39n * oneSecond]);
    program.update(new Uint8Array(44), new Uint8Array(44), -1, 0);
    machine.advance(1);
    expect(program.statistics()).toEqual([4, 4, 0, 0, 0]);
    program.close();
    machine.advance(2);
    expect(program.statistics()[0]).toBe(4);
  });

  it("leaves out the Follow_Up of a Sync that was not stamped", () => {
    machine.faults.transmitStamp.set("near", "never");
    const program = openProgram(-2);
    machine.advance(1);
    expect(program.statistics()).toEqual([4, 0, 4, 0, 0]);
    machine.faults.openProgram.set("near", "EADDRINUSE");
    expect(() => openProgram(0)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
  });
});

describe("a fake machine", () => {
  it("ends a slew while JavaScript stands still, to the nanosecond", () => {
    const out = new Float64Array(6);
    clock.read(out);
    clock.command(1e6, (out[2] ?? 0) + 0.5, 0);
    machine.stall(2);
    clock.read(out);
    expect([out[3], out[4]]).toEqual([500_000, 0]);
  });

  it("runs timers before ports after a stall", () => {
    const [near] = [openPort("near"), openPort("far")];
    const timer = new native.FdTimer(() => told.push("timer"));
    timer.arm(1e9);
    near.sendGeneral(Uint8Array.of(1), 1);
    machine.stall(2);
    machine.advance(1);
    expect(told).toEqual(["timer", "far"]);
  });

  it("has a clock that cannot be opened, and one that the kernel does not let be steered", () => {
    machine.faults.openClock.set("virtual:clock", "EPERM");
    expect(() => native.Clock.open("virtual:clock", { steer: false })).toThrow(expect.objectContaining({ code: "EPERM" }));
    machine.faults.steer.set("virtual:clock", "EINVAL");
    expect(() => clock.step(1)).toThrow(expect.objectContaining({ code: "EINVAL", syscall: "clock_adjtime" }));
    machine.faults.steer.clear();
    clock.step(1);
  });

  it("stops a loop that would never let time pass", () => {
    const again = (): void => void machine.schedule.add(machine.now, "timer", again);
    again();
    expect(() => machine.advance(1)).toThrow("does not get beyond");
  });
});
