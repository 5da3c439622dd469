// oxlint-disable typescript/no-misused-spread, typescript/unbound-method -- misuse is what this is for
// Calls every function, constructor and method of the native module with arguments that no program should pass, and prints what each
// call threw. A process of its own, because what this looks for would end it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  Clock,
  ClockPage,
  createVirtualClock,
  DatagramSocket,
  describePhc,
  disturbVirtualClock,
  DisruptionWatch,
  FdTimer,
  NtpServer,
  Port,
  readTimestampingCapabilities,
  SyncProgram,
  TruthReader,
} from "../../index.js";

const native = {
  Clock,
  ClockPage,
  createVirtualClock,
  DatagramSocket,
  describePhc,
  disturbVirtualClock,
  DisruptionWatch,
  FdTimer,
  NtpServer,
  Port,
  readTimestampingCapabilities,
  SyncProgram,
  TruthReader,
};

const folder = mkdtempSync(join(tmpdir(), "meridian-garbage-"));
const clockPath = join(folder, "clock");
const pagePath = join(folder, "page");
const oscillator = { seconds: 10, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
native.createVirtualClock(clockPath, oscillator);
const clock = native.Clock.open(`virtual:${clockPath}`, { steer: true });
const portOptions = {
  interfaceName: "lo",
  clock,
  eventPort: 41_519,
  generalPort: 41_520,
  dscp: 0,
  receiveBufferBytes: 4096,
  eventPoll: "lazy",
};
const programOptions = {
  interfaceName: "lo",
  clock,
  eventPort: 41_521,
  generalPort: 41_522,
  dscp: 0,
  sync: new Uint8Array(44),
  followUp: new Uint8Array(44),
  logInterval: 1,
  labelOffsetSeconds: 0,
};
const socketOptions = { address: "127.0.0.1", udpPort: 9, clock, dscp: 0, receiveBufferBytes: 4096 };
const serverOptions = { clock, udpPort: 21_523, allowed: ["10.0.0.0/8"], receiveBufferBytes: 4096 };
const page = new native.ClockPage(pagePath);
const pageState = {
  guaranteedNs: 1,
  guaranteedGrowthPpb: 1,
  calibratedNs: 1,
  calibratedGrowthPpb: 1,
  voidAfterSeconds: 1,
  status: 1,
  era: 0,
};
const port = new native.Port(portOptions, () => {});
const program = new native.SyncProgram(programOptions);
const socket = new native.DatagramSocket(socketOptions, () => {});
const server = new native.NtpServer(serverOptions);
const pageOptions = { layout: "clockbound3", clock, steeringPpb: 0 };
const watchOptions = { clock, pages: [page], vmClockPath: "/nowhere" };
const watch = new native.DisruptionWatch(watchOptions, () => {});
const timer = new native.FdTimer(() => {});
const truth = new native.TruthReader(clockPath, pagePath);

const detached = new Float64Array(8);
structuredClone(detached, { transfer: [detached.buffer] });
const thrower = new Proxy(
  {},
  {
    get: () => {
      throw Object.assign(new Error("mine"), { code: "MINE" });
    },
  },
);
const garbage = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1e308,
  2n ** 70n,
  "",
  "x",
  "a\0b",
  "x".repeat(100_000),
  Symbol("s"),
  [],
  {},
  () => {},
  new Float64Array(0),
  new Float64Array(5),
  detached,
  new Uint8Array(0),
  new Uint8Array(43),
  new DataView(new ArrayBuffer(8)),
  new Uint8Array(new SharedArrayBuffer(8)),
  thrower,
  clock,
  port,
  Object.create(clock),
  new Date(Number.NaN),
];

const calls = [];
/** A call that must throw an Error with a code. `mayPass` for arguments that happen to be valid. */
function attempt(name, call, mayPass = false) {
  try {
    call();
    calls.push({ name, code: mayPass ? "passed" : "NOTHING THROWN" });
  } catch (error) {
    calls.push({ name, code: typeof error?.code === "string" ? error.code : `NO CODE: ${String(error)}` });
  }
}
const nameOf = (value) =>
  value === thrower ? "thrower" : inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 8 });

// Whole arguments.
const functions = {
  createVirtualClock: (value, rest) => native.createVirtualClock(value, rest ?? value),
  open: (value, rest) => native.Clock.open(value, rest ?? value),
  disturbVirtualClock: (value, rest) => native.disturbVirtualClock(value, rest ?? value),
  Port: (value, rest) => new native.Port(value, rest ?? value),
  SyncProgram: (value) => new native.SyncProgram(value),
  DatagramSocket: (value, rest) => new native.DatagramSocket(value, rest ?? value),
  NtpServer: (value) => new native.NtpServer(value),
  FdTimer: (value) => new native.FdTimer(value),
  ClockPage: (value, rest) => new native.ClockPage(value, rest ?? value),
  DisruptionWatch: (value, rest) => new native.DisruptionWatch(value, rest ?? value),
  endStep: (value) => watch.endStep(value),
  TruthReader: (value, rest) => new native.TruthReader(value, rest ?? value),
  readTimestampingCapabilities: (value) => native.readTimestampingCapabilities(value),
  read: (value) => clock.read(value),
  truthRead: (value) => truth.read(value),
  describePhc: (value, rest) => native.describePhc(value, rest),
  setKernelStatus: (value) => clock.setKernelStatus(value),
  sampleOffset: (value, rest) => clock.sampleOffset(value, rest ?? value),
  command: (value, rest) => clock.command(value, rest ?? value, value),
  step: (value) => clock.step(value),
  sendEvent: (value, rest) => port.sendEvent(value, rest ?? value, value),
  sendGeneral: (value, rest) => port.sendGeneral(value, rest ?? value),
  send: (value, rest) => socket.send(value, rest ?? value, value),
  setTemplate: (value, rest) => server.setTemplate(value, rest ?? value, value, value),
  setEventPoll: (value) => port.setEventPoll(value),
  update: (value, rest) => program.update(value, rest ?? value, value, value),
  arm: (value) => timer.arm(value),
  publish: (value) => page.publish(value),
};
/** Values that are right for a function by chance. */
const valid = {
  command: (value) => typeof value === "number" && Math.abs(value) <= 1e8,
  step: (value) => typeof value === "number" && Math.abs(value) <= 4.6e18,
  endStep: (value) => typeof value === "number" && Math.abs(value) <= 4.6e18,
  arm: (value) => typeof value === "number" && value >= 0 && value <= 1e18,
  FdTimer: (value) => typeof value === "function",
  ClockPage: (value) => value === "x",
  truthRead: (value) => value instanceof Float64Array && value.length >= 5,
};
process.chdir(folder);
for (const [name, call] of Object.entries(functions)) {
  attempt(`${name}()`, () => call());
  for (const value of garbage) {
    attempt(`${name}(${nameOf(value)})`, () => call(value), valid[name]?.(value) === true);
    for (const rest of garbage)
      attempt(`${name}(${nameOf(value)}, ${nameOf(rest)})`, () => call(value, rest), valid[name]?.(value) === true);
  }
}

// One field of an options object at a time.
const wrong = [
  undefined,
  null,
  true,
  -1e9,
  1e19,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  1n,
  "",
  "nonsense",
  Symbol("s"),
  [],
  {},
  new Uint8Array(43),
  new Date(0),
];
const right = {
  offsetNs: [0.5, -1e9],
  frequencyPpb: [0.5],
  wanderPpb: [0.5],
  sinePpb: [0.5],
  steer: [true],
  synchronized: [true],
  maxErrorNs: [0.5, 1e19],
  estErrorNs: [0.5, 1e19],
  taiOffsetSeconds: [undefined, 0.5],
  stepNs: [undefined, 0.5, -1e9],
  guaranteedNs: [0.5, Number.NaN],
  calibratedNs: [0.5, Number.NaN],
  guaranteedGrowthPpb: [0.5],
  calibratedGrowthPpb: [0.5],
  voidAfterSeconds: [0.5],
  steeringPpb: [0.5],
  vmClockPath: ["nonsense"],
};
const objects = {
  createVirtualClock: [oscillator, (options) => native.createVirtualClock(join(folder, "other"), options)],
  disturbVirtualClock: [{ stepNs: 0, frequencyPpb: 0 }, (options) => native.disturbVirtualClock(clockPath, options)],
  setKernelStatus: [
    { synchronized: true, maxErrorNs: 1, estErrorNs: 1, taiOffsetSeconds: 37, leap: 0 },
    (options) => clock.setKernelStatus(options),
  ],
  open: [{ steer: false }, (options) => native.Clock.open(`virtual:${clockPath}`, options)],
  Port: [portOptions, (options) => new native.Port(options, () => {})],
  DatagramSocket: [socketOptions, (options) => new native.DatagramSocket(options, () => {})],
  NtpServer: [serverOptions, (options) => new native.NtpServer(options)],
  SyncProgram: [programOptions, (options) => new native.SyncProgram(options)],
  publish: [pageState, (options) => page.publish(options)],
  ClockPage: [pageOptions, (options) => new native.ClockPage(join(folder, "page3"), options)],
  DisruptionWatch: [watchOptions, (options) => new native.DisruptionWatch(options, () => {}).close()],
};
program.close();
port.close();
socket.close();
server.close();
const closed = native.Clock.open(`virtual:${clockPath}`, { steer: false });
closed.close();
for (const [name, [options, call]] of Object.entries(objects)) {
  for (const field of Object.keys(options)) {
    for (const value of field === "clock" ? [...wrong, closed, port, Object.create(clock)] : wrong) {
      const mayPass =
        right[field]?.some((it) => Object.is(it, value)) === true ||
        (name === "open" && value === true) ||
        (field === "pages" && Array.isArray(value)) ||
        (name === "disturbVirtualClock" && value === undefined);
      attempt(`${name}({ ${field}: ${nameOf(value)} })`, () => call({ ...options, [field]: value }), mayPass);
    }
    attempt(`${name}({ get ${field} })`, () =>
      call(
        Object.defineProperty({ ...options }, field, {
          get: () => {
            throw Object.assign(new Error("mine"), { code: "MINE" });
          },
        }),
      ),
    );
  }
}
attempt("an unknown interface", () => new native.Port({ ...portOptions, interfaceName: "no-such-if" }, () => {}));
attempt("an interface name that is too long", () => new native.Port({ ...portOptions, interfaceName: "x".repeat(64) }, () => {}));
attempt("equal ports", () => new native.Port({ ...portOptions, generalPort: portOptions.eventPort }, () => {}));

// Methods of one class on the objects of another, constructors called as functions, and a class without constructor.
const instances = {
  Clock: clock,
  Port: port,
  DatagramSocket: socket,
  NtpServer: server,
  SyncProgram: program,
  FdTimer: timer,
  ClockPage: page,
  DisruptionWatch: watch,
  TruthReader: truth,
};
for (const [name, instance] of Object.entries(instances)) {
  for (const member of Object.getOwnPropertyNames(native[name].prototype)) {
    if (member === "constructor") continue;
    const { value, get } = Object.getOwnPropertyDescriptor(native[name].prototype, member);
    for (const [other, receiver] of [
      ...Object.entries(instances),
      ["undefined", undefined],
      ["object", {}],
      ["heir", Object.create(instance)],
    ]) {
      if (other !== name) attempt(`${name}.${member} on ${other}`, () => (value ?? get).call(receiver, 1, 2, 3));
    }
  }
  attempt(`${name} called as a function`, () => native[name]());
  attempt(`${name} called with right arguments`, () => native[name](name === "FdTimer" ? () => {} : pagePath, pagePath), true);
  attempt(`${name} called with right arguments on an object`, () => native[name].call({}, name === "FdTimer" ? () => {} : pagePath), true);
  attempt(
    `${name} called with right arguments on another`,
    () => native[name].call(instance, name === "FdTimer" ? () => {} : pagePath),
    true,
  );
  attempt(`${name} called on an instance`, () => native[name].call(instance, instance, () => {}));
}
attempt("new Clock", () => new native.Clock());
// Raw functions need no receiver; taken off their object they still know their state, also after it is closed and collected.
const { read } = clock;
timer.close();
truth.close();
page.close();
clock.close();
attempt("read after close", () => read(new Float64Array(6)));
attempt("truth read after close", () => truth.read(new Float64Array(5)));
attempt("send after close", () => port.sendEvent(new Uint8Array(4), 4, 0));
attempt("send to a peer after close", () => socket.send(new Uint8Array(4), 4, 0));
attempt("template after close", () => server.setTemplate(new Uint8Array(48).fill(4), 0, 1, 0));
globalThis.gc?.();
rmSync(folder, { recursive: true });
process.stdout.write(JSON.stringify(calls));
