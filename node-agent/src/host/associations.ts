/**
 * The sockets of the NTP associations: one each, connected to one server, so that nobody else is heard. A name is resolved
 * first, which takes as long as it takes; what the kernel refuses becomes AssociationLost, and the engine tries again.
 */
import type { Action, AssociationId, HostEvent } from "@meridian/engine";
import type { Clock, DatagramSocket } from "@meridian/native";
import { getSystemErrorName } from "node:util";
import { codeOf } from "../errors.js";
import type { NativeModule } from "../native-module.js";
import { RingReader } from "./ring-reader.js";

/** A poll has one reply; room for a burst and for what strangers cannot send us anyway. */
const receiveBufferBytes = 1 << 16;
/** Rings full that are read at once. */
const mostCatchUps = 4;

export interface AssociationOutputs {
  /** @throws MER_AGENT_CLOCK_FAILED */
  clockOf(uri: string): Clock;
  resolve(name: string): Promise<string>;
  /** An event for the engine, in its batch. */
  deliver(event: HostEvent): void;
  /** The batch is complete. */
  endBatch(): void;
  dropped(association: AssociationId, reason: string): void;
  /** @param because null: it is open; else errno or MER_… name */
  changed(association: AssociationId, because: string | null): void;
  /** Raw time of the node's clock, s. */
  now(): number;
}

interface Open {
  readonly socket: DatagramSocket;
  readonly reader: RingReader;
}

export class Associations {
  readonly #native: Pick<NativeModule, "DatagramSocket">;
  readonly #outputs: AssociationOutputs;
  readonly #open = new Map<AssociationId, Open>();
  /** The newest attempt for each: a name that resolves after its association was closed opens nothing. */
  readonly #attempts = new Map<AssociationId, symbol>();

  constructor(native: Pick<NativeModule, "DatagramSocket">, outputs: AssociationOutputs) {
    this.#native = native;
    this.#outputs = outputs;
  }

  /** AssociationReady or AssociationLost is delivered later, in a batch of its own. */
  open(action: Extract<Action, { kind: "OpenAssociation" }>): void {
    const { association } = action;
    this.close(association);
    const attempt = Symbol(association);
    this.#attempts.set(association, attempt);
    this.#outputs.resolve(action.address).then(
      (address) => this.#isCurrent(association, attempt) && this.#connect(action, address),
      (error: unknown) => this.#isCurrent(association, attempt) && this.#lose(association, codeOf(error, "ENOTFOUND")),
    );
  }

  close(association: AssociationId): void {
    this.#attempts.delete(association);
    this.#open.get(association)?.socket.close();
    this.#open.delete(association);
  }

  /** @returns false when it could not be sent: no transmit stamp will come */
  send({ association, bytes, key }: Extract<Action, { kind: "SendDatagram" }>): boolean {
    return this.#open.get(association)?.socket.send(bytes, bytes.length, key) === 0;
  }

  /** Reads what waits in the sockets, and delivers it. */
  catchUp(): void {
    for (const [association, { socket }] of [...this.#open])
      for (let round = 0; round < mostCatchUps && socket.drain() > 0 && this.#take(association); round += 1);
  }

  /** Of the open sockets, as DatagramSocket.statistics. */
  *statistics(): Iterable<number[]> {
    for (const { socket } of this.#open.values()) yield socket.statistics();
  }

  closeAll(): void {
    for (const association of [...this.#attempts.keys()]) this.close(association);
  }

  #isCurrent(association: AssociationId, attempt: symbol): boolean {
    return this.#attempts.get(association) === attempt;
  }

  #connect({ association, udpPort, clock, dscp }: Extract<Action, { kind: "OpenAssociation" }>, address: string): void {
    try {
      const options = { address, udpPort, clock: this.#outputs.clockOf(clock), dscp, receiveBufferBytes };
      const socket = new this.#native.DatagramSocket(options, () => {
        this.#take(association);
        this.#outputs.endBatch();
      });
      this.#open.set(association, { socket, reader: new RingReader(association, socket.ring, "association") });
      this.#outputs.changed(association, null);
      const { localAddress } = socket;
      this.#outputs.deliver({ kind: "AssociationReady", association, address, localAddress, at: this.#outputs.now() });
      this.#outputs.endBatch();
    } catch (error) {
      this.#lose(association, codeOf(error, "MER_AGENT_ASSOCIATION_FAILED"));
    }
  }

  /** @returns false when the association is no longer open */
  #take(association: AssociationId): boolean {
    const open = this.#open.get(association);
    if (!open) return false;
    let lost: number | null = null;
    open.reader.drain(this.#outputs.now(), (record) => {
      if (record.kind === "error") lost = record.errno;
      else if (record.kind === "oversized") this.#outputs.dropped(association, "oversized");
      else this.#outputs.deliver(record);
    });
    if (lost === null) return this.#open.has(association);
    this.close(association);
    this.#lose(association, getSystemErrorName(-lost), false);
    return false;
  }

  /** @param alone in a batch of its own */
  #lose(association: AssociationId, code: string, alone = true): void {
    this.#outputs.changed(association, code);
    this.#outputs.deliver({ kind: "AssociationLost", association, code, at: this.#outputs.now() });
    if (alone) this.#outputs.endBatch();
  }
}
