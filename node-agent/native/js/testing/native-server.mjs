// A process of its own that does with the native module what a test tells it: one JSON request a line on stdin, one answer a line on
// stdout. Tests need it to enter a network namespace, to hold a lock as another process, and to crash without taking the tests along.
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import * as native from "../../index.js";

const header = { bytes: 64, slots: 256, slotBytes: 512, head: 0, tail: 1 };
const objects = new Map();

/** Records of a port's ring, oldest first. */
function takeRecords(ring) {
  const indexes = new Uint32Array(ring, 0, 16);
  const view = new DataView(ring);
  const records = [];
  while (indexes[header.tail] !== indexes[header.head]) {
    const slot = header.bytes + (indexes[header.tail] % header.slots) * header.slotBytes;
    const length = view.getUint32(slot + 8, true);
    records.push({
      kind: view.getUint32(slot, true),
      socket: view.getUint32(slot + 4, true),
      length,
      key: view.getUint32(slot + 12, true),
      seconds: view.getFloat64(slot + 16, true),
      nanoseconds: view.getUint32(slot + 24, true),
      interfaceIndex: view.getUint32(slot + 28, true),
      source: [...new Uint8Array(ring, slot + 32, 4)].join("."),
      sourcePort: view.getUint32(slot + 36, true),
      latency: view.getUint32(slot + 40, true),
      raw: view.getFloat64(slot + 48, true),
      steering: view.getFloat64(slot + 56, true),
      octets: [...new Uint8Array(ring, slot + 64, Math.min(length, 448))],
    });
    indexes[header.tail] = (indexes[header.tail] + 1) >>> 0;
  }
  return records;
}

const requests = {
  createClock: ({ path, ...options }) => native.createVirtualClock(path, options),
  openClock: ({ id, uri, steer }) => {
    objects.set(id, native.Clock.open(uri, { steer }));
  },
  read: ({ id }) => {
    const out = new Float64Array(6);
    objects.get(id).read(out);
    return [...out];
  },
  command: ({ id, ppb, seconds, thenPpb }) => {
    const out = new Float64Array(6);
    objects.get(id).read(out);
    return objects.get(id).command(ppb, out[2] + seconds, thenPpb);
  },
  step: ({ id, ns }) => objects.get(id).step(ns),
  isSteerable: ({ id }) => objects.get(id).steerable,
  setKernelStatus: ({ id, ...status }) => objects.get(id).setKernelStatus(status),
  sampleOffset: ({ id, count }) => {
    const out = new Float64Array(8);
    objects.get(id).sampleOffset(count, out);
    return [...out];
  },
  readCapabilities: ({ interfaceName }) => native.readTimestampingCapabilities(interfaceName),
  describePhc: ({ index, root }) => native.describePhc(index, root),
  openPort: ({ id, clock, stuck, ...options }) => {
    const records = [];
    const port = new native.Port({ clock: objects.get(clock), receiveBufferBytes: 1 << 20, dscp: 46, ...options }, () => {
      if (!stuck) records.push(...takeRecords(port.ring));
    });
    objects.set(id, port);
    objects.set(`${id}/records`, records);
    return { interfaceIndex: port.interfaceIndex, hardwareAddress: [...port.hardwareAddress] };
  },
  /** Sends `count` messages with keys from `key` on; what each send returned. */
  send: ({ id, socket, octets, key = 0, count = 1 }) => {
    const message = Uint8Array.from(octets);
    const port = objects.get(id);
    return Array.from({ length: count }, (_, index) =>
      socket === "event" ? port.sendEvent(message, message.length, key + index) : port.sendGeneral(message, message.length),
    );
  },
  sendLong: ({ id, length }) => objects.get(id).sendGeneral(new Uint8Array(length), length),
  /** All records so far; drains first, as a lazy port would when a general message arrives. */
  records: ({ id }) => {
    const port = objects.get(id);
    port.drain();
    objects.get(`${id}/records`).push(...takeRecords(port.ring));
    return objects.get(`${id}/records`).splice(0);
  },
  /** Records that came by the event loop alone. */
  delivered: ({ id }) => objects.get(`${id}/records`).splice(0),
  dropped: ({ id }) => new Uint32Array(objects.get(id).ring, 0, 16)[2],
  statistics: ({ id }) => objects.get(id).statistics(),
  setEventPoll: ({ id, mode }) => objects.get(id).setEventPoll(mode),
  openSocket: ({ id, clock, ...options }) => {
    const records = [];
    const socket = new native.DatagramSocket({ clock: objects.get(clock), receiveBufferBytes: 1 << 16, dscp: 0, ...options }, () =>
      records.push(...takeRecords(socket.ring)),
    );
    objects.set(id, socket);
    objects.set(`${id}/records`, records);
    return { localAddress: socket.localAddress };
  },
  /** What the send returned. */
  sendDatagram: ({ id, octets, key }) => objects.get(id).send(Uint8Array.from(octets), octets.length, key),
  openServer: ({ id, clock, ...options }) => {
    objects.set(id, new native.NtpServer({ clock: objects.get(clock), receiveBufferBytes: 1 << 20, ...options }));
  },
  setTemplate: ({ id, template, growthPpb, validSeconds, ageSeconds = 0 }) =>
    objects.get(id).setTemplate(Uint8Array.from(template), growthPpb, validSeconds, ageSeconds),
  openProgram: ({ id, clock, sync, followUp, ...options }) => {
    const templates = { sync: Uint8Array.from(sync), followUp: Uint8Array.from(followUp) };
    objects.set(id, new native.SyncProgram({ clock: objects.get(clock), dscp: 46, ...options, ...templates }));
  },
  updateProgram: ({ id, sync, followUp, logInterval, labelOffsetSeconds }) =>
    objects.get(id).update(Uint8Array.from(sync), Uint8Array.from(followUp), logInterval, labelOffsetSeconds),
  close: ({ id }) => objects.get(id).close(),
  /** Stalls this process's JavaScript. */
  busy: ({ milliseconds }) => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  },
  holdUdpPort: ({ port }) =>
    new Promise((resolve, reject) => {
      const socket = createSocket("udp4");
      objects.set(`udp/${port}`, socket);
      socket.once("error", reject);
      socket.bind(port, () => resolve(undefined));
    }),
  dropUdpPort: ({ port }) => new Promise((resolve) => objects.get(`udp/${port}`).close(() => resolve(undefined))),
  processorSeconds: () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
  descriptors: async () => (await import("node:fs")).readdirSync("/proc/self/fd").length,
  threads: async () => (await import("node:fs")).readdirSync("/proc/self/task").length,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { request, ...rest } = JSON.parse(line);
  try {
    process.stdout.write(`${JSON.stringify({ result: (await requests[request](rest)) ?? null })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: { code: error.code, message: error.message, syscall: error.syscall } })}\n`);
  }
}
process.exit(0);
