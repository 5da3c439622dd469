/** SyncProgram without a thread: Sync and its Follow_Up leave the fake interface at even intervals, also during a stall. */
import type { SyncProgram, SyncProgramOptions } from "../../index.js";
import type { FakeInterface, FakeMachine, StampSource } from "./fake-machine.js";
import { demandInteger, nativeError, systemError } from "./native-error.js";
import { openInterface } from "./open-interface.js";
import type { Task } from "./schedule.js";

/** IEEE 1588-2019 13.3, 13.6, 13.7. */
const messageLength = 44;
const sequenceIdAt = 30;
const timestampAt = 34;
/** As src/sync_program.rs has it. */
const labelLimit = 315_360_000;

interface Templates {
  readonly sync: Uint8Array;
  readonly followUp: Uint8Array;
  readonly intervalNs: number;
  readonly labelOffsetSeconds: number;
}

export class FakeSyncProgram implements SyncProgram {
  readonly #machine: FakeMachine;
  readonly #options: SyncProgramOptions;
  readonly #interface: FakeInterface;
  readonly #clock: StampSource;
  #templates: Templates;
  #next: Task | null = null;
  #sequenceId = 0;
  #closed = false;
  #syncs = 0;
  #followUps = 0;
  #missingStamps = 0;
  #sendErrors = 0;

  constructor(machine: FakeMachine, options: SyncProgramOptions) {
    this.#templates = readTemplates(options.sync, options.followUp, options.logInterval, options.labelOffsetSeconds);
    this.#interface = openInterface(machine, options);
    this.#clock = machine.stampSourceOf(options.clock);
    const refusal = machine.faults.openProgram.get(options.interfaceName);
    if (refusal) throw systemError(refusal, "bind", options.interfaceName);
    this.#machine = machine;
    this.#options = options;
    this.#plan(machine.now + this.#templates.intervalNs);
  }

  update(sync: Uint8Array, followUp: Uint8Array, logInterval: number, labelOffsetSeconds: number): void {
    const templates = readTemplates(sync, followUp, logInterval, labelOffsetSeconds);
    if (this.#closed) throw nativeError("MER_NATIVE_CLOSED", "this sync program is closed");
    const before = this.#templates.intervalNs;
    this.#templates = templates;
    const due = this.#next?.at ?? this.#machine.now;
    if (templates.intervalNs !== before) this.#plan(Math.min(due, this.#machine.now + templates.intervalNs));
  }

  statistics(): number[] {
    return [this.#syncs, this.#followUps, this.#missingStamps, this.#sendErrors, 0];
  }

  close(): void {
    this.#closed = true;
    this.#machine.schedule.cancel(this.#next);
  }

  #plan(at: number): void {
    const { schedule } = this.#machine;
    schedule.cancel(this.#next);
    this.#next = schedule.add(at, "kernel", () => {
      this.#sendPair();
      this.#plan(at + this.#templates.intervalNs);
    });
  }

  #sendPair(): void {
    const { interfaceName, eventPort, generalPort } = this.#options;
    const { faults, now } = this.#machine;
    const { sync, followUp, labelOffsetSeconds } = this.#templates;
    const sequenceId = this.#sequenceId;
    this.#sequenceId = (sequenceId + 1) & 0xffff;
    if (faults.send.has(interfaceName)) {
      this.#sendErrors += 1;
      return;
    }
    this.#send(eventPort, sync, sequenceId);
    this.#syncs += 1;
    if (faults.transmitStamp.has(interfaceName)) {
      this.#missingStamps += 1;
      return;
    }
    const { seconds, nanoseconds } = this.#clock.at(now);
    this.#send(generalPort, followUp, sequenceId, { seconds: seconds + labelOffsetSeconds, nanoseconds });
    this.#followUps += 1;
  }

  #send(udpPort: number, template: Uint8Array, sequenceId: number, origin?: { seconds: number; nanoseconds: number }): void {
    const octets = template.slice();
    const view = new DataView(octets.buffer);
    view.setUint16(sequenceIdAt, sequenceId);
    if (origin) {
      view.setUint16(timestampAt, Math.floor(origin.seconds / 2 ** 32));
      view.setUint32(timestampAt + 2, origin.seconds % 2 ** 32);
      view.setUint32(timestampAt + 6, origin.nanoseconds);
    }
    const { network, name, address } = this.#interface;
    network.send(this.#machine.schedule, name, { udpPort, source: address, octets });
  }
}

function readTemplates(sync: Uint8Array, followUp: Uint8Array, logInterval: number, labelOffsetSeconds: number): Templates {
  demandInteger(logInterval, "logInterval", -7, 1);
  demandInteger(labelOffsetSeconds, "labelOffsetSeconds", -labelLimit, labelLimit);
  for (const [name, octets] of Object.entries({ sync, followUp }))
    if (octets.length !== messageLength)
      throw nativeError("MER_NATIVE_ARGUMENT", `${name} has ${octets.length} octets, not ${messageLength}`);
  return { sync: sync.slice(), followUp: followUp.slice(), intervalNs: 1e9 * 2 ** logInterval, labelOffsetSeconds };
}
