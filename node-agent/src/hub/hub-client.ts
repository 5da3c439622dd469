/**
 * One stream to the hub, for ever: connect, say Hello, follow, and when it ends come back with jitter. Whatever happens here,
 * the clock goes on: the agent only ever loses news, not its configuration.
 */
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { type ClientDuplexStream, credentials, Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type Hello, type HubMessage, hubService, maxMessageBytes } from "@meridian/proto";
import { agentError, codeOf, messageOf } from "../errors.js";
import { reconnectDelay } from "./reconnect-delay.js";

/** The name in the hub's certificate, whatever address it is reached by. */
const serverName = "meridian-hub";
/** The kubelet replaces a projected token at 80 % of its life; we look this often. */
const tokenPollMs = 10_000;
const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 5_000;
/** A hub that accepts the connection and says nothing is no hub. */
const welcomeMs = 10_000;

export interface HubClientOptions {
  readonly address: string;
  readonly caFile: string;
  readonly tokenFile: string;
  hello(): Hello;
  readonly random: () => number;
}

export type HubMessageHandlers = {
  /** Called for Welcome, Config and Release. */
  message(message: HubMessage): void;
  /** The state of the connection changed; `reason` is empty when connected. */
  connection(connected: boolean, code: string, reason: string): void;
};

type Stream = ClientDuplexStream<AgentMessage, HubMessage>;

export class HubClient {
  readonly #options: HubClientOptions;
  readonly #handlers: HubMessageHandlers;
  #address: string;
  #client: Client | null = null;
  #stream: Stream | null = null;
  #welcomed = false;
  #failures = 0;
  #closed = false;
  #timers = new Set<NodeJS.Timeout>();
  #tokenStamp = "";
  /** Why the hub closed the stream, as it said itself. */
  #farewell: { code: string; reason: string } | null = null;

  constructor(options: HubClientOptions, handlers: HubMessageHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#address = options.address;
  }

  start(): void {
    this.#connect();
  }

  /** Sends when connected; otherwise the message is dropped: the next connection begins with a fresh Hello and Report. */
  send(message: AgentMessage): boolean {
    if (!this.#stream || !this.#welcomed) return false;
    this.#stream.write(message);
    return true;
  }

  get connected(): boolean {
    return this.#welcomed;
  }

  close(): void {
    this.#closed = true;
    this.#clearTimers();
    this.#stream?.end();
    this.#client?.close();
  }

  #connect(): void {
    this.#clearTimers();
    this.#farewell = null;
    let metadata: Metadata;
    try {
      metadata = new Metadata();
      metadata.set("authorization", `Bearer ${this.#readToken()}`);
      this.#client = this.#createClient();
    } catch (error) {
      return this.#lost(codeOf(error, "MER_AGENT_HUB_CA"), messageOf(error));
    }
    const { path, requestSerialize, responseDeserialize } = hubService.connect;
    const stream: Stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    this.#stream = stream;
    stream.on("data", (message: HubMessage) => this.#receive(message));
    stream.on("error", (error: ServiceError) => this.#lost(`GRPC_${error.code}`, error.details || error.message, stream));
    stream.on("end", () => this.#lost("GRPC_ENDED", "the hub closed the stream", stream));
    stream.write({ hello: this.#options.hello() });
    this.#after(welcomeMs, () => {
      if (!this.#welcomed) this.#lost("GRPC_NO_WELCOME", `no answer from ${this.#address} within ${welcomeMs / 1000} s`, stream);
    });
  }

  #createClient(): Client {
    const { caFile } = this.#options;
    let ca: Buffer;
    try {
      ca = readFileSync(caFile);
    } catch (error) {
      throw agentError("MER_AGENT_HUB_CA", `cannot read ${caFile}: ${messageOf(error)}`, error);
    }
    const context = createSecureContext({ ca, minVersion: "TLSv1.3" });
    return new Client(this.#address, credentials.createFromSecureContext(context), {
      "grpc.ssl_target_name_override": serverName,
      "grpc.keepalive_time_ms": keepaliveMs,
      "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
      "grpc.keepalive_permit_without_calls": 0,
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
      "grpc.enable_retries": 0,
      "grpc.service_config_disable_resolution": 1,
      // One connection per attempt: sharing would keep a dead one alive.
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  #readToken(): string {
    const { tokenFile } = this.#options;
    try {
      const token = readFileSync(tokenFile, "utf8").trim();
      this.#tokenStamp = stampOf(tokenFile);
      return token;
    } catch (error) {
      throw agentError("MER_AGENT_TOKEN", `cannot read ${tokenFile}: ${messageOf(error)}`, error);
    }
  }

  #receive(message: HubMessage): void {
    if (message.close) {
      this.#farewell = { code: CloseCode[message.close.code ?? 0] ?? "CLOSE_UNSPECIFIED", reason: message.close.reason ?? "" };
      return;
    }
    if (message.redirect?.endpoint) {
      this.#address = message.redirect.endpoint;
      return this.#lost("REDIRECT", `the leader is at ${this.#address}`);
    }
    if (message.welcome) {
      this.#welcomed = true;
      this.#failures = 0;
      this.#watchToken();
      this.#handlers.connection(true, "", "");
    }
    this.#handlers.message(message);
  }

  /** Reauthenticates on the same stream when the kubelet has written a new token. */
  #watchToken(): void {
    this.#after(tokenPollMs, () => {
      try {
        if (stampOf(this.#options.tokenFile) !== this.#tokenStamp) this.send({ reauthenticate: { token: this.#readToken() } });
      } catch {
        // Unreadable right now: the token we have is good until the hub says otherwise, and then a new attempt names the file.
      }
      this.#watchToken();
    });
  }

  #lost(code: string, reason: string, from: Stream | null = this.#stream): void {
    if (from !== this.#stream || this.#closed) return;
    const said = this.#farewell ?? { code, reason };
    this.#stream = null;
    this.#welcomed = false;
    from?.removeAllListeners();
    from?.on("error", () => undefined); // what a dying stream still says is no news
    from?.cancel();
    this.#client?.close();
    this.#client = null;
    this.#clearTimers();
    this.#handlers.connection(false, said.code, said.reason);
    // A leader that moved away and is gone again: ask the service's own address.
    if (code !== "REDIRECT") this.#address = this.#options.address;
    this.#after(reconnectDelay(this.#failures, this.#options.random()), () => this.#connect());
    this.#failures += 1;
  }

  #after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** Changes when the kubelet swaps the projected file. */
function stampOf(path: string): string {
  const { ino, mtimeMs } = statSync(path);
  return `${ino} ${mtimeMs}`;
}
