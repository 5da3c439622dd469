/**
 * One stream to the hub, for ever: connect, say Hello, follow, and when it ends come back with jitter. Whatever happens here,
 * the clock goes on: the agent only ever loses news, not its configuration.
 */
import { type ClientDuplexStream, credentials, Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type Hello, type HubMessage, hubService, maxMessageBytes } from "@meridian/proto";
import { codeOf, messageOf } from "../errors.js";
import { readHubAuthority, readToken, stampOf } from "./hub-credentials.js";
import { reconnectDelay } from "./reconnect-delay.js";
import { describeFailure } from "./stream-failure.js";

/** The name in the hub's certificate, whatever address it is reached by. */
const serverName = "meridian-hub";
const keepaliveMs = 10_000;
const keepaliveTimeoutMs = 5_000;

export interface HubTiming {
  /** The kubelet replaces a projected token at 80 % of its life; we look this often. Default 10 s. */
  readonly tokenPollMs: number;
  /** A hub that accepts the connection and says nothing for that long is no hub. Default 10 s. */
  readonly welcomeMs: number;
  /** A stream must have stood that long before the waiting times begin anew. Default 10 s. */
  readonly settledMs: number;
}

const usualTiming: HubTiming = { tokenPollMs: 10_000, welcomeMs: 10_000, settledMs: 10_000 };

export interface HubClientOptions {
  readonly address: string;
  readonly caFile: string;
  readonly tokenFile: string;
  readonly hello: () => Hello;
  readonly random: () => number;
  /** Default: as HubTiming says. */
  readonly timing?: HubTiming;
}

export type HubMessageHandlers = {
  /** Called for Welcome, Config and Release. */
  message(message: HubMessage): void;
  /** The stream stands, or an attempt or a stream failed: `code` is ours (MER_AGENT_…) or the hub's own word (CLOSE_…). */
  connection(connected: boolean, code: string, reason: string): void;
};

const redirected = "MER_AGENT_HUB_REDIRECTED";

type Stream = ClientDuplexStream<AgentMessage, HubMessage>;

export class HubClient {
  readonly #options: HubClientOptions;
  readonly #handlers: HubMessageHandlers;
  readonly #timing: HubTiming;
  #address: string;
  #client: Client | null = null;
  #stream: Stream | null = null;
  #welcomed = false;
  #failures = 0;
  #closed = false;
  #timers = new Set<NodeJS.Timeout>();
  #tokenStamp = "";

  constructor(options: HubClientOptions, handlers: HubMessageHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#timing = options.timing ?? usualTiming;
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

  /** Ends a stream that stands and opens another at once, because Hello says something else by now. Nobody is told of a loss. */
  renew(): void {
    if (!this.#welcomed) return; // the next attempt says it anyway
    this.#leave();
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#clearTimers();
    this.#stream?.end();
    this.#client?.close();
  }

  #connect(): void {
    this.#clearTimers();
    let stream: Stream;
    try {
      stream = this.#open();
    } catch (error) {
      return this.#lost(codeOf(error, "MER_AGENT_HUB_UNREACHABLE"), messageOf(error));
    }
    this.#stream = stream;
    stream.on("data", (message: HubMessage) => this.#receive(message));
    stream.on("error", (error: ServiceError) => {
      const { code, reason } = describeFailure(error, this.#welcomed);
      this.#lost(code, reason, stream);
    });
    stream.on("end", () => this.#lost("MER_AGENT_HUB_LOST", "the hub ended the stream", stream));
    const { welcomeMs } = this.#timing;
    this.#after(welcomeMs, () => {
      const reason = `no answer from ${this.#address} within ${welcomeMs / 1000} s`;
      if (!this.#welcomed) this.#lost("MER_AGENT_HUB_UNREACHABLE", reason, stream);
    });
  }

  /** Token and CA are read anew for every attempt: both rotate. */
  #open(): Stream {
    const { caFile, tokenFile, hello } = this.#options;
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${this.#readToken(tokenFile)}`);
    this.#client = new Client(this.#address, credentials.createFromSecureContext(readHubAuthority(caFile)), {
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
    const { path, requestSerialize, responseDeserialize } = hubService.connect;
    const stream: Stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    stream.write({ hello: hello() });
    return stream;
  }

  #readToken(file: string): string {
    // Before the token: a swap in between is noticed at the next look, not missed.
    const stamp = stampOrNothing(file);
    const token = readToken(file);
    this.#tokenStamp = stamp;
    return token;
  }

  #receive(message: HubMessage): void {
    if (message.close) {
      const { code, reason } = message.close;
      return this.#lost(CloseCode[code ?? 0] ?? "CLOSE_UNSPECIFIED", reason ?? "");
    }
    if (message.redirect?.endpoint) {
      this.#address = message.redirect.endpoint;
      return this.#lost(redirected, `the leader is at ${this.#address}`);
    }
    if (message.welcome && !this.#welcomed) {
      this.#welcomed = true;
      this.#after(this.#timing.settledMs, () => (this.#failures = 0));
      this.#watchToken();
      this.#handlers.connection(true, "", "");
    }
    this.#handlers.message(message);
  }

  /** Reauthenticates on the same stream when the kubelet has written a new token. */
  #watchToken(): void {
    const { tokenFile } = this.#options;
    this.#after(this.#timing.tokenPollMs, () => {
      try {
        if (stampOf(tokenFile) !== this.#tokenStamp) this.send({ reauthenticate: { token: this.#readToken(tokenFile) } });
      } catch {
        // Unreadable right now: the token we have is good until the hub says otherwise, and then a new attempt names the file.
      }
      this.#watchToken();
    });
  }

  #lost(code: string, reason: string, from: Stream | null = this.#stream): void {
    if (from !== this.#stream || this.#closed) return;
    this.#leave();
    this.#handlers.connection(false, code, reason);
    // A leader that moved away and is gone again: ask the service's own address.
    if (code !== redirected) this.#address = this.#options.address;
    this.#after(reconnectDelay(this.#failures, this.#options.random()), () => this.#connect());
    this.#failures += 1;
  }

  #leave(): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#welcomed = false;
    stream?.removeAllListeners();
    stream?.on("error", () => undefined); // what a dying stream still says is no news
    stream?.cancel();
    this.#client?.close();
    this.#client = null;
    this.#clearTimers();
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

function stampOrNothing(file: string): string {
  try {
    return stampOf(file);
  } catch {
    return ""; // reading it will say why
  }
}
