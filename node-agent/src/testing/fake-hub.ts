/** A hub for tests: real gRPC over real TLS, and every message as the test says, octets that are no message included. */
import { once } from "node:events";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { type AgentMessage, type HubMessage, hubService } from "@meridian/proto";
import type { Identity } from "./certificates.js";

type Outgoing = HubMessage | Buffer;

/** One agent's stream as the hub sees it. */
export class HubStream {
  readonly received: AgentMessage[] = [];
  readonly token: string;
  readonly #call: ServerDuplexStream<AgentMessage, Outgoing>;
  #ended = false;

  constructor(call: ServerDuplexStream<AgentMessage, Outgoing>) {
    this.#call = call;
    this.token = String(call.metadata.get("authorization")[0]);
    call.on("data", (message: AgentMessage) => this.received.push(message));
    for (const event of ["end", "cancelled", "error"]) call.on(event, () => (this.#ended = true));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** A Buffer goes out as it is. */
  send(message: Outgoing): void {
    this.#call.write(message);
  }

  welcome(leaderEpoch = 1): void {
    this.send({ welcome: { leaderEpoch, reportIntervalMilliseconds: 1000 } });
  }

  end(): void {
    this.#call.end();
  }

  /** The first message that `pick` finds something in, waited for. */
  async receive<T>(pick: (message: AgentMessage) => T | null | undefined): Promise<T> {
    for (let index = 0; ; index += 1) {
      while (index >= this.received.length) await once(this.#call, "data", { signal: AbortSignal.timeout(5000) });
      const message = this.received[index];
      const found = message && pick(message);
      if (found) return found;
    }
  }
}

export class FakeHub {
  /** 127.0.0.1:port. */
  readonly address: string;
  readonly #server: Server;
  readonly #waiting: HubStream[] = [];
  #wake: () => void = () => undefined;

  private constructor(server: Server, address: string, accept: (take: (stream: HubStream) => void) => void) {
    this.#server = server;
    this.address = address;
    accept((stream) => {
      this.#waiting.push(stream);
      this.#wake();
    });
  }

  /** @param port 0: any */
  static async start({ certificate, key }: Identity, port = 0): Promise<FakeHub> {
    const server = new Server();
    let take: (stream: HubStream) => void = () => undefined;
    const { connect } = hubService;
    const serialize = (message: Outgoing): Buffer => (Buffer.isBuffer(message) ? message : connect.responseSerialize(message));
    server.addService(
      { connect: { ...connect, responseSerialize: serialize } },
      { connect: (call: ServerDuplexStream<AgentMessage, Outgoing>) => take(new HubStream(call)) },
    );
    const credentials = ServerCredentials.createSsl(null, [{ cert_chain: certificate, private_key: key }]);
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error, taken) => (error ? reject(error) : resolve(taken)));
    });
    return new FakeHub(server, `127.0.0.1:${bound}`, (accept) => (take = accept));
  }

  get port(): number {
    return Number(this.address.split(":")[1]);
  }

  /** The next stream that an agent opens, waited for. */
  async accept(timeoutMs = 5000): Promise<HubStream> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const stream = this.#waiting.shift();
      if (stream) return stream;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no agent came within ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => (clearTimeout(timer), resolve());
      });
    }
  }

  /** Dies at once, as a process that is killed. */
  kill(): void {
    this.#server.forceShutdown();
  }
}
