/**
 * Port without sockets: queues in place of the kernel's, and src/port_state.rs' rules of when JavaScript is called. What a
 * datagram costs and when its buffer overflows is not imitated.
 */
import type { Port, PortOptions } from "../../index.js";
import type { FakeInterface, FakeMachine, StampSource } from "./fake-machine.js";
import type { Datagram } from "./fake-network.js";
import { demandInteger, type ErrnoName, errnoOf, nativeError, systemError } from "./native-error.js";
import { openInterface } from "./open-interface.js";
import { RecordRing, type RingRecord } from "./record-ring.js";
import type { Task } from "./schedule.js";

const largestMessage = 65_507;
const largestKey = 0xffff_fffe;
/** Rings full that one wake-up hands over. */
const rounds = 8;
const nothing = new Uint8Array(0);

type EventPoll = Parameters<Port["setEventPoll"]>[0];

/** Waits in a queue of the kernel until it is drained. */
interface Waiting {
  readonly record: Omit<RingRecord, "stamp" | "latency">;
  /** When it was stamped, ns since the machine's start; null: never. */
  readonly stampedAt: number | null;
}

export class FakePort implements Port {
  readonly ring: ArrayBuffer;
  readonly interfaceIndex: number;
  readonly hardwareAddress: Uint8Array;
  readonly sendEvent: (message: Uint8Array, length: number, key: number) => number;
  readonly sendGeneral: (message: Uint8Array, length: number) => number;
  readonly #machine: FakeMachine;
  readonly #options: PortOptions;
  readonly #interface: FakeInterface;
  readonly #clock: StampSource;
  readonly #onReady: () => void;
  readonly #ring = new RecordRing();
  readonly #queues: Record<"stamps" | "event" | "general", Waiting[]> = { stamps: [], event: [], general: [] };
  readonly #leave: (() => void)[] = [];
  readonly #reservations: readonly string[];
  #eventPoll: EventPoll;
  #wakeUp: Task | null = null;
  #closed = false;
  #packets = 0;
  #wakeUps = 0;
  #stamps = 0;
  #sendErrors = 0;

  constructor(machine: FakeMachine, options: PortOptions, onReady: () => void) {
    const { interfaceName, eventPort, generalPort, eventPoll } = options;
    this.#interface = openInterface(machine, options);
    this.#clock = machine.stampSourceOf(options.clock);
    demandInteger(options.receiveBufferBytes, "receiveBufferBytes", 1, 1 << 30);
    this.#eventPoll = demandPoll(eventPoll);
    const refusal = machine.faults.openPort.get(interfaceName);
    if (refusal) throw systemError(refusal, "bind", interfaceName);
    this.#reservations = [eventPort, generalPort].map((port) => `${interfaceName}:${port}`);
    const taken = this.#reservations.find((port) => machine.reserved.has(port));
    if (taken !== undefined) throw systemError("EADDRINUSE", "bind", `${taken}, by this process`);
    for (const port of this.#reservations) machine.reserved.add(port);
    this.#machine = machine;
    this.#options = options;
    this.#onReady = onReady;
    this.ring = this.#ring.buffer;
    this.interfaceIndex = this.#interface.index;
    this.hardwareAddress = this.#interface.hardwareAddress.slice();
    this.sendEvent = (message, length, key) => this.#sendEvent(message, length, key);
    this.sendGeneral = (message, length) => this.#send(generalPort, cut(message, length));
    this.#leave.push(
      this.#interface.network.join(interfaceName, (datagram) => this.#receive(datagram)),
      machine.listenForErrors(interfaceName, (errno) => this.#fail(errno)),
    );
  }

  setEventPoll(mode: EventPoll): void {
    this.#demandOpen();
    this.#eventPoll = demandPoll(mode);
    this.#poll();
  }

  drain(): number {
    this.#demandOpen();
    const stamps = this.#take(this.#queues.stamps);
    const packets = this.#take(this.#queues.event) + this.#take(this.#queues.general);
    this.#stamps += stamps;
    this.#packets += packets;
    return stamps + packets;
  }

  statistics(): number[] {
    return [this.#packets, this.#wakeUps, this.#stamps, this.#ring.dropped, this.#sendErrors];
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#machine.schedule.cancel(this.#wakeUp);
    for (const leave of this.#leave) leave();
    for (const port of this.#reservations) this.#machine.reserved.delete(port);
  }

  #demandOpen(): void {
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this port is closed");
  }

  #sendEvent(message: Uint8Array, length: number, key: number): number {
    const octets = cut(message, length);
    demandInteger(key, "key", 0, largestKey);
    const errno = this.#send(this.#options.eventPort, octets);
    const fault = this.#machine.faults.transmitStamp.get(this.#options.interfaceName);
    if (errno !== 0 || fault === "never") return errno;
    const record = { kind: "transmitStamp", socket: 0, key, interfaceIndex: 0, source: [], sourcePort: 0, octets } as const;
    this.#queues.stamps.push({ record, stampedAt: fault === "untimed" ? null : this.#machine.now });
    this.#poll();
    return 0;
  }

  #send(udpPort: number, octets: Uint8Array): number {
    this.#demandOpen();
    const { interfaceName } = this.#options;
    const refusal = this.#machine.faults.send.get(interfaceName);
    if (refusal) {
      this.#sendErrors += 1;
      return errnoOf(refusal);
    }
    this.#interface.network.send(this.#machine.schedule, interfaceName, { udpPort, source: this.#interface.address, octets });
    return 0;
  }

  #receive({ udpPort, source, octets }: Datagram): void {
    const isEvent = udpPort === this.#options.eventPort;
    if (!isEvent && udpPort !== this.#options.generalPort) return;
    const socket = isEvent ? 0 : 1;
    const { interfaceIndex } = this;
    const record = { kind: "received", socket, key: 0, interfaceIndex, source, sourcePort: udpPort, octets } as const;
    this.#queues[isEvent ? "event" : "general"].push({ record, stampedAt: this.#machine.now });
    this.#poll();
  }

  /** As a vanished interface: told at once, before what waits. */
  #fail(errno: ErrnoName): void {
    const record = {
      kind: "error",
      socket: 0,
      key: errnoOf(errno),
      interfaceIndex: 0,
      source: [],
      sourcePort: 0,
      octets: nothing,
      stamp: null,
      latency: 0,
    } as const;
    if (this.#ring.free > 0) this.#ring.put(record);
    else this.#ring.countDropped(1);
    this.#machine.schedule.add(this.#machine.now, "port", () => {
      if (!this.#closed) this.#onReady();
    });
  }

  /** A wake-up is due while a polled socket is readable. */
  #poll(): void {
    const { stamps, event, general } = this.#queues;
    const readable = general.length > 0 || (this.#eventPoll === "always" && stamps.length + event.length > 0);
    if (this.#eventPoll === "never" || !readable || this.#wakeUp !== null || this.#closed) return;
    this.#wakeUp = this.#machine.schedule.add(this.#machine.now, "port", () => this.#wake());
  }

  #wake(): void {
    this.#wakeUp = null;
    if (this.#eventPoll === "never") return;
    this.#wakeUps += 1;
    for (let round = 0; round < rounds && !this.#closed; round += 1) {
      const count = this.drain();
      const full = this.#ring.free === 0;
      if (count === 0 && !full) break;
      this.#onReady();
      if (!full) break;
      if (this.#ring.free === 0) {
        this.#discard();
        break;
      }
    }
    this.#poll();
  }

  #take(queue: Waiting[]): number {
    const taken = queue.splice(0, this.#ring.free);
    for (const { record, stampedAt } of taken) {
      const stamp = stampedAt === null ? null : this.#clock.at(stampedAt);
      this.#ring.put({ ...record, stamp, latency: this.#machine.now - (stampedAt ?? 0) });
    }
    return taken.length;
  }

  #discard(): void {
    for (const queue of Object.values(this.#queues)) this.#ring.countDropped(queue.splice(0).length);
  }
}

function demandPoll(mode: EventPoll): EventPoll {
  if (mode === "never" || mode === "lazy" || mode === "always") return mode;
  throw nativeError("MER_NATIVE_ARGUMENT", `eventPoll is ${String(mode)}, none of never, lazy and always`);
}

/** A copy: the sender may reuse its buffer. */
function cut(message: Uint8Array, length: number): Uint8Array {
  demandInteger(length, "length", 1, largestMessage);
  if (length > message.length) throw nativeError("MER_NATIVE_ARGUMENT", `length is ${length}, the message has ${message.length} octets`);
  return message.slice(0, length);
}
