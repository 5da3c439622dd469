/** Port without sockets; see `FakeIntake`. */
import type { Port, PortOptions } from "../../index.js";
import { cutMessage, demandKey, FakeIntake, type Waiting } from "./fake-intake.js";
import type { FakeInterface, FakeMachine } from "./fake-machine.js";
import type { Datagram } from "./fake-network.js";
import { demandInteger, nativeError, systemError } from "./native-error.js";
import { openInterface } from "./open-interface.js";

type EventPoll = Parameters<Port["setEventPoll"]>[0];

export class FakePort implements Port {
  readonly ring: ArrayBuffer;
  readonly interfaceIndex: number;
  readonly hardwareAddress: Uint8Array;
  readonly sendEvent: (message: Uint8Array, length: number, key: number) => number;
  readonly sendGeneral: (message: Uint8Array, length: number) => number;
  readonly #machine: FakeMachine;
  readonly #options: PortOptions;
  readonly #interface: FakeInterface;
  readonly #intake: FakeIntake;
  readonly #queues: Record<"stamps" | "event" | "general", Waiting[]> = { stamps: [], event: [], general: [] };
  readonly #leave: (() => void)[] = [];
  readonly #reservations: readonly string[];
  #eventPoll: EventPoll;

  constructor(machine: FakeMachine, options: PortOptions, onReady: () => void) {
    const { interfaceName, eventPort, generalPort, eventPoll } = options;
    this.#interface = openInterface(machine, options);
    const clock = machine.stampSourceOf(options.clock);
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
    const { stamps, event, general } = this.#queues;
    const isReadable = (): boolean =>
      this.#eventPoll !== "never" && (general.length > 0 || (this.#eventPoll === "always" && stamps.length + event.length > 0));
    this.#intake = new FakeIntake({ machine, clock, onReady, queues: [stamps, event, general], isReadable, name: interfaceName });
    this.ring = this.#intake.buffer;
    this.interfaceIndex = this.#interface.index;
    this.hardwareAddress = this.#interface.hardwareAddress.slice();
    this.sendEvent = (message, length, key) => this.#sendEvent(message, length, key);
    this.sendGeneral = (message, length) => this.#send(generalPort, cutMessage(message, length));
    this.#leave.push(
      this.#interface.network.join(interfaceName, (datagram) => this.#receive(datagram)),
      machine.listenForErrors(interfaceName, (errno) => this.#intake.fail(errno)),
    );
  }

  setEventPoll(mode: EventPoll): void {
    this.#demandOpen();
    this.#eventPoll = demandPoll(mode);
    this.#intake.poll();
  }

  drain(): number {
    this.#demandOpen();
    return this.#intake.drain();
  }

  statistics(): number[] {
    return this.#intake.statistics();
  }

  close(): void {
    if (this.#intake.isClosed) return;
    this.#intake.close();
    for (const leave of this.#leave) leave();
    for (const port of this.#reservations) this.#machine.reserved.delete(port);
  }

  #demandOpen(): void {
    if (this.#intake.isClosed) throw nativeError("MER_NATIVE_CLOSED", "this port is closed");
  }

  #sendEvent(message: Uint8Array, length: number, key: number): number {
    const octets = cutMessage(message, length);
    demandKey(key);
    const errno = this.#send(this.#options.eventPort, octets);
    if (errno === 0) this.#intake.stampSent(key);
    return errno;
  }

  #send(udpPort: number, octets: Uint8Array): number {
    this.#demandOpen();
    const { network, name, address } = this.#interface;
    return this.#intake.send(() => network.send(this.#machine.schedule, name, { udpPort, source: address, octets }));
  }

  #receive({ udpPort, source, octets }: Datagram): void {
    const isEvent = udpPort === this.#options.eventPort;
    if (!isEvent && udpPort !== this.#options.generalPort) return;
    const socket = isEvent ? 0 : 1;
    const { interfaceIndex } = this;
    const record = { kind: "received", socket, key: 0, interfaceIndex, source, sourcePort: udpPort, octets } as const;
    this.#queues[isEvent ? "event" : "general"].push({ record, stampedAt: this.#machine.now });
    this.#intake.poll();
  }
}

function demandPoll(mode: EventPoll): EventPoll {
  if (mode === "never" || mode === "lazy" || mode === "always") return mode;
  throw nativeError("MER_NATIVE_ARGUMENT", `eventPoll is ${String(mode)}, none of never, lazy and always`);
}
