/**
 * NtpServer without a thread: the rules of src/ntp_thread.rs on the machine's FakeUnicast, also during a stall. An answer leaves at
 * the instant at which its request came.
 */
import { BlockList } from "node:net";
import type { NtpServer, NtpServerOptions } from "../../index.js";
import { FakeStatement } from "./fake-statement.js";
import type { FakeMachine, StampSource } from "./fake-machine.js";
import { anyAddress, nameOf, type UnicastDatagram } from "./fake-unicast.js";
import { demandInteger, demandWithin, nativeError, systemError } from "./native-error.js";

/** As src/rate_limit.rs, src/ntp_exchanges.rs and src/ntp_server.rs have them. */
const requestIntervalNs = 1e9 / 32;
const burst = 64;
const mostExchanges = 8;
const mostNetworks = 32;
const largestGrowth = 1e9;
const longestValidity = 1e8;
/** RFC 5905 7.3. */
const headerOctets = 48;
const clientMode = 3;
const epochSeconds = 2_208_988_800n;

interface Exchange {
  readonly receive: bigint;
  readonly transmit: bigint;
  readonly era: number;
}

interface Client {
  /** Oldest first. */
  readonly exchanges: Exchange[];
  /** When its bucket is full, ns since the machine's start. */
  fullAt: number;
}

export class FakeNtpServer implements NtpServer {
  readonly #machine: FakeMachine;
  readonly #clock: StampSource;
  readonly #allowed: BlockList;
  readonly #clients = new Map<string, Client>();
  readonly #counts = { answers: 0, interleaved: 0, notAllowed: 0, malformed: 0, rateLimited: 0, sendErrors: 0 };
  readonly #name: string;
  #leave: (() => void) | null;
  #statement = FakeStatement.unsynchronized;

  constructor(machine: FakeMachine, options: NtpServerOptions) {
    this.#clock = machine.stampSourceOf(options.clock);
    const udpPort = demandInteger(options.udpPort, "udpPort", 1, 65_535);
    this.#allowed = readNetworks(options.allowed);
    demandInteger(options.receiveBufferBytes, "receiveBufferBytes", 1, 1 << 30);
    const endpoint = { address: anyAddress, udpPort };
    this.#name = nameOf(endpoint);
    const refusal = machine.faults.openServer.get(udpPort) ?? (machine.reserved.has(this.#name) ? "EADDRINUSE" : null);
    if (refusal) throw systemError(refusal, "bind", this.#name);
    machine.reserved.add(this.#name);
    this.#machine = machine;
    this.#leave = machine.unicast.listen(endpoint, (datagram) => this.#take(datagram));
  }

  setTemplate(template: Uint8Array, growthPpb: number, validSeconds: number, ageSeconds: number): void {
    demandWithin(growthPpb, "growthPpb", 0, largestGrowth);
    demandWithin(validSeconds, "validSeconds", 0, longestValidity);
    demandWithin(ageSeconds, "ageSeconds", 0, longestValidity);
    if (this.#leave === null) throw nativeError("MER_NATIVE_CLOSED", "this NTP server is closed");
    this.#statement = new FakeStatement(template, growthPpb, this.#machine.now - ageSeconds * 1e9, validSeconds * 1e9, this.#clock.era());
  }

  statistics(): number[] {
    const { answers, interleaved, notAllowed, malformed, rateLimited, sendErrors } = this.#counts;
    return [answers, interleaved, notAllowed, malformed, rateLimited, sendErrors];
  }

  close(): void {
    if (this.#leave === null) return;
    this.#leave();
    this.#leave = null;
    this.#machine.reserved.delete(this.#name);
  }

  #take(request: UnicastDatagram): void {
    const { source, octets } = request;
    if (!this.#allowed.check(source.address)) this.#counts.notAllowed += 1;
    else if (!isRequest(octets)) this.#counts.malformed += 1;
    else {
      const client = this.#clientAt(source.address);
      const fullAt = Math.max(client.fullAt, this.#machine.now) + requestIntervalNs;
      if (fullAt - this.#machine.now > burst * requestIntervalNs) this.#counts.rateLimited += 1;
      else {
        client.fullAt = fullAt;
        this.#answer(request, client);
      }
    }
  }

  #clientAt(address: string): Client {
    const client = this.#clients.get(address) ?? { exchanges: [], fullAt: 0 };
    this.#clients.set(address, client);
    return client;
  }

  #answer({ source, destination, octets }: UnicastDatagram, { exchanges }: Client): void {
    const request = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    const [origin, received, transmit] = [24, 32, 40].map((at) => request.getBigUint64(at)) as [bigint, bigint, bigint];
    const era = this.#clock.era();
    const now = this.#ntpNow();
    let receive = now | 1n;
    while (exchanges.some((exchange) => exchange.receive === receive)) receive += 2n;
    let [cookie, left] = [transmit, now & ~1n];
    if ((origin & 1n) === 1n && received !== transmit) {
      const index = exchanges.findIndex((exchange) => exchange.receive === origin);
      const [found] = index < 0 ? [] : exchanges.splice(index, 1);
      if (found?.era === era) {
        [cookie, left] = [received, found.transmit];
        this.#counts.interleaved += 1;
      }
      exchanges.push({ receive, transmit: now & ~1n, era });
      if (exchanges.length > mostExchanges) exchanges.shift();
    }
    const answer = this.#statement.at(this.#machine.now, era);
    const view = new DataView(answer.buffer);
    view.setUint8(0, (view.getUint8(0) & 0xc0) | (request.getUint8(0) & 0x38) | (clientMode + 1));
    view.setUint8(2, request.getUint8(2));
    for (const [at, stamp] of [
      [24, cookie],
      [32, receive],
      [40, left],
    ] as const)
      view.setBigUint64(at, stamp);
    this.#counts.answers += 1;
    this.#machine.unicast.send({ source: destination, destination: source, octets: answer });
  }

  /** The clock as 32.32 seconds since 1900 (RFC 5905 section 6). */
  #ntpNow(): bigint {
    const { seconds, nanoseconds } = this.#clock.at(this.#machine.now);
    return (BigInt.asUintN(32, BigInt(seconds) + epochSeconds) << 32n) | ((BigInt(nanoseconds) << 32n) / 1_000_000_000n);
  }
}

function isRequest(octets: Uint8Array): boolean {
  const [first = 0] = octets;
  const version = (first >> 3) & 7;
  return octets.length >= headerOctets && octets.length % 4 === 0 && (first & 7) === clientMode && version >= 1 && version <= 4;
}

/** @throws MER_NATIVE_ARGUMENT */
function readNetworks(allowed: readonly string[]): BlockList {
  if (!Array.isArray(allowed) || allowed.length === 0 || allowed.length > mostNetworks)
    throw nativeError("MER_NATIVE_ARGUMENT", `allowed must hold 1 … ${mostNetworks} networks`);
  const networks = new BlockList();
  for (const text of allowed as unknown[]) {
    const [, address = "", bits = ""] = /^([\d.]+)\/(\d+)$/.exec(String(text)) ?? [];
    try {
      networks.addSubnet(address, Number(bits));
    } catch (cause) {
      throw nativeError("MER_NATIVE_ARGUMENT", `allowed: ${String(text)} is not an IPv4 network`, cause);
    }
  }
  return networks;
}
