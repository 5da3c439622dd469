/**
 * What a Port and a DatagramSocket have in common, as src/intake.rs has it: queues in place of the kernel's, a ring, and the rules of
 * when JavaScript is called. What a datagram costs and when its buffer overflows is not imitated.
 */
import type { FakeMachine, StampSource } from "./fake-machine.js";
import { demandInteger, type ErrnoName, errnoOf, nativeError } from "./native-error.js";
import { RecordRing, type RingRecord } from "./record-ring.js";
import type { Task } from "./schedule.js";

const largestMessage = 65_507;
const largestKey = 0xffff_fffe;
/** Rings full that one wake-up hands over. */
const rounds = 8;
const nothing = new Uint8Array(0);

/** Waits in a queue of the kernel until it is drained. */
export interface Waiting {
  readonly record: Omit<RingRecord, "stamp" | "latency">;
  /** When it was stamped, ns since the machine's start; null: never. */
  readonly stampedAt: number | null;
}

export interface IntakeOptions {
  readonly machine: FakeMachine;
  readonly clock: StampSource;
  readonly onReady: () => void;
  /** Transmit stamps first: what answers a message must not overtake its stamp. */
  readonly queues: readonly Waiting[][];
  /** Whether the event loop looks, and would find something. */
  readonly isReadable: () => boolean;
  /** Name of the fault plan's sends and transmit stamps. */
  readonly name: string;
}

export class FakeIntake {
  readonly #options: IntakeOptions;
  readonly #ring = new RecordRing();
  #wakeUp: Task | null = null;
  #closed = false;
  #packets = 0;
  #wakeUps = 0;
  #stamps = 0;
  #sendErrors = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get buffer(): ArrayBuffer {
    return this.#ring.buffer;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  statistics(): number[] {
    return [this.#packets, this.#wakeUps, this.#stamps, this.#ring.dropped, this.#sendErrors];
  }

  drain(): number {
    return this.#options.queues.reduce((count, queue) => count + this.#take(queue), 0);
  }

  close(): void {
    this.#closed = true;
    this.#options.machine.schedule.cancel(this.#wakeUp);
  }

  /** Sends by `act` unless a fault refuses. @returns 0 or an errno */
  send(act: () => void): number {
    const { machine, name } = this.#options;
    const refusal = machine.faults.send.get(name);
    if (refusal) {
      this.#sendErrors += 1;
      return errnoOf(refusal);
    }
    act();
    return 0;
  }

  /** The kernel's stamp of what was just sent, into the first queue. */
  stampSent(key: number): void {
    const { machine, name, queues } = this.#options;
    const fault = machine.faults.transmitStamp.get(name);
    if (fault === "never") return;
    const record = { kind: "transmitStamp", socket: 0, key, interfaceIndex: 0, source: [], sourcePort: 0, octets: nothing } as const;
    queues[0]?.push({ record, stampedAt: fault === "untimed" ? null : machine.now });
    this.poll();
  }

  /** As a vanished interface: told at once, before what waits. */
  fail(errno: ErrnoName): void {
    const { machine, onReady } = this.#options;
    if (this.#ring.free > 0) this.#ring.put({ ...createError(errno), stamp: null, latency: 0 });
    else this.#ring.countDropped(1);
    machine.schedule.add(machine.now, "port", () => {
      if (!this.#closed) onReady();
    });
  }

  /** A wake-up is due while a polled socket is readable. */
  poll(): void {
    const { machine, isReadable } = this.#options;
    if (this.#wakeUp !== null || this.#closed || !isReadable()) return;
    this.#wakeUp = machine.schedule.add(machine.now, "port", () => this.#wake());
  }

  #wake(): void {
    this.#wakeUp = null;
    if (!this.#options.isReadable()) return;
    this.#wakeUps += 1;
    for (let round = 0; round < rounds && !this.#closed; round += 1) {
      const count = this.drain();
      const full = this.#ring.free === 0;
      if (count === 0 && !full) break;
      this.#options.onReady();
      if (!full) break;
      if (this.#ring.free === 0) {
        for (const queue of this.#options.queues) this.#ring.countDropped(queue.splice(0).length);
        break;
      }
    }
    this.poll();
  }

  #take(queue: Waiting[]): number {
    const taken = queue.splice(0, this.#ring.free);
    for (const { record, stampedAt } of taken) {
      const stamp = stampedAt === null ? null : this.#options.clock.at(stampedAt);
      this.#ring.put({ ...record, stamp, latency: this.#options.machine.now - (stampedAt ?? 0) });
      if (record.kind === "received") this.#packets += 1;
      else if (record.kind === "transmitStamp") this.#stamps += 1;
    }
    return taken.length;
  }
}

export function createError(errno: ErrnoName): Waiting["record"] {
  return { kind: "error", socket: 0, key: errnoOf(errno), interfaceIndex: 0, source: [], sourcePort: 0, octets: nothing };
}

/** A copy: the sender may reuse its buffer. @throws MER_NATIVE_ARGUMENT */
export function cutMessage(message: Uint8Array, length: number): Uint8Array {
  demandInteger(length, "length", 1, largestMessage);
  if (length > message.length) throw nativeError("MER_NATIVE_ARGUMENT", `length is ${length}, the message has ${message.length} octets`);
  return message.slice(0, length);
}

/** @throws MER_NATIVE_ARGUMENT */
export function demandKey(key: number): number {
  return demandInteger(key, "key", 0, largestKey);
}
