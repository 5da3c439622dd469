/** An agent's end of the stream, as tests speak it: over real TLS and gRPC, without an engine behind it. */
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type HubMessage, hubService, protocolVersion } from "@meridian/proto";
import { hubServerName } from "../hub/certificates.js";

export interface TestAgentOptions {
  /** host:port. */
  readonly address: string;
  /** PEM. */
  readonly authority: string;
  /** Null: none is sent. */
  readonly token: string | null;
  /** Fields of Hello beside the version; null: no Hello. */
  readonly hello: object | null;
}

export class TestAgent {
  readonly received: HubMessage[] = [];
  /** Resolves with the hub's Close, or with code CLOSE_UNSPECIFIED and the transport's word when there was none. */
  readonly closed: Promise<{ code: CloseCode; reason: string }>;
  readonly #client: Client;
  readonly #stream;
  #wake: () => void = () => undefined;
  readonly #listeners: ((message: HubMessage) => void)[] = [];

  private constructor({ address, authority, token, hello }: TestAgentOptions) {
    this.#client = new Client(address, credentials.createSsl(Buffer.from(authority)), {
      "grpc.ssl_target_name_override": hubServerName,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_send_message_length": -1,
    });
    const metadata = new Metadata();
    if (token !== null) metadata.set("authorization", `Bearer ${token}`);
    const { path, requestSerialize, responseDeserialize } = hubService.connect;
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    this.#stream = stream;
    this.closed = new Promise((resolve) => {
      const end = (reason: string) => {
        const close = this.received.find((message) => message.close != null)?.close;
        resolve({ code: close?.code ?? CloseCode.CLOSE_UNSPECIFIED, reason: close?.reason ?? reason });
        this.#wake();
      };
      stream.on("error", (error) => end(error.message));
      stream.on("end", () => end("ended"));
    });
    stream.on("data", (message: HubMessage) => {
      this.received.push(message);
      for (const listener of this.#listeners) listener(message);
      this.#wake();
    });
    if (hello !== null) this.send({ hello: { protocolVersion, ...hello } });
  }

  static connect(options: TestAgentOptions): TestAgent {
    return new TestAgent(options);
  }

  /** Called for every message from now on. */
  onMessage(listener: (message: HubMessage) => void): void {
    this.#listeners.push(listener);
  }

  send(message: AgentMessage): void {
    this.#stream.write(message);
  }

  /** Stops reading: what the hub sends fills every buffer on the way. */
  pause(): void {
    this.#stream.pause();
  }

  /** Resolves with the first message, past or coming, for which `holds`. @throws after `limitMs` */
  async until(holds: (message: HubMessage) => boolean, limitMs = 10_000): Promise<HubMessage> {
    const end = Date.now() + limitMs;
    for (let next = 0; ; ) {
      for (; next < this.received.length; next += 1) {
        const message = this.received[next];
        if (message && holds(message)) return message;
      }
      if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s; received ${JSON.stringify(this.received)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  leave(): void {
    this.#stream.on("error", () => undefined);
    this.#stream.cancel();
    this.#client.close();
  }
}
