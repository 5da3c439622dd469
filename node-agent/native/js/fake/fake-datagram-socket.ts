/** DatagramSocket without a socket: on the machine's FakeUnicast; see `FakeIntake`. */
import { isIPv4 } from "node:net";
import type { DatagramSocket, DatagramSocketOptions } from "../../index.js";
import { createError, cutMessage, demandKey, FakeIntake, type Waiting } from "./fake-intake.js";
import type { FakeMachine } from "./fake-machine.js";
import { type Endpoint, nameOf, type UnicastDatagram } from "./fake-unicast.js";
import { demandInteger, nativeError, systemError } from "./native-error.js";

export class FakeDatagramSocket implements DatagramSocket {
  readonly ring: ArrayBuffer;
  readonly localAddress: string;
  readonly send: (message: Uint8Array, length: number, key: number) => number;
  readonly #machine: FakeMachine;
  readonly #own: Endpoint;
  readonly #peer: Endpoint;
  readonly #intake: FakeIntake;
  readonly #queues: Record<"errors" | "packets", Waiting[]> = { errors: [], packets: [] };
  readonly #leave: (() => void)[] = [];

  constructor(machine: FakeMachine, options: DatagramSocketOptions, onReady: () => void) {
    this.#peer = readPeer(options);
    const clock = machine.stampSourceOf(options.clock);
    demandInteger(options.dscp, "dscp", 0, 63);
    demandInteger(options.receiveBufferBytes, "receiveBufferBytes", 1, 1 << 30);
    const name = nameOf(this.#peer);
    const refusal = machine.faults.openSocket.get(name);
    if (refusal) throw systemError(refusal, "connect", name);
    this.#machine = machine;
    this.localAddress = machine.localAddressTo(options.address);
    this.#own = { address: this.localAddress, udpPort: machine.unicast.takePort() };
    const { errors, packets } = this.#queues;
    const isReadable = (): boolean => errors.length + packets.length > 0;
    this.#intake = new FakeIntake({ machine, clock, onReady, queues: [errors, packets], isReadable, name });
    this.ring = this.#intake.buffer;
    this.send = (message, length, key) => this.#send(message, length, key);
    const refuse = (): void => {
      errors.push({ record: createError("ECONNREFUSED"), stampedAt: null });
      this.#intake.poll();
    };
    this.#leave.push(
      machine.unicast.listen(this.#own, (datagram) => this.#receive(datagram), refuse),
      machine.listenForErrors(name, (errno) => this.#intake.fail(errno)),
    );
  }

  drain(): number {
    this.#demandOpen();
    return this.#intake.drain();
  }

  statistics(): number[] {
    return this.#intake.statistics();
  }

  close(): void {
    this.#intake.close();
    for (const leave of this.#leave.splice(0)) leave();
  }

  #demandOpen(): void {
    if (this.#intake.isClosed) throw nativeError("MER_NATIVE_CLOSED", "this socket is closed");
  }

  #send(message: Uint8Array, length: number, key: number): number {
    const octets = cutMessage(message, length);
    demandKey(key);
    this.#demandOpen();
    const errno = this.#intake.send(() => this.#machine.unicast.send({ source: this.#own, destination: this.#peer, octets }));
    if (errno === 0) this.#intake.stampSent(key);
    return errno;
  }

  #receive({ source, octets }: UnicastDatagram): void {
    if (nameOf(source) !== nameOf(this.#peer)) return;
    const from = { source: source.address.split(".").map(Number), sourcePort: source.udpPort };
    const record = { kind: "received", socket: 0, key: 0, interfaceIndex: 1, ...from, octets } as const;
    this.#queues.packets.push({ record, stampedAt: this.#machine.now });
    this.#intake.poll();
  }
}

/** As src/datagram_socket.rs. @throws MER_NATIVE_ARGUMENT */
function readPeer({ address, udpPort }: DatagramSocketOptions): Endpoint {
  const [first = 0] = address.split(".").map(Number);
  if (!isIPv4(address) || address === "0.0.0.0" || address === "255.255.255.255" || (first >= 224 && first < 240))
    throw nativeError("MER_NATIVE_ARGUMENT", `address is ${address}, not the IPv4 address of one host`);
  return { address, udpPort: demandInteger(udpPort, "udpPort", 1, 65_535) };
}
