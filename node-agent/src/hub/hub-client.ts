/**
 * One stream to the hub, for ever: connect, say Hello, follow, and when it ends come back with jitter. Whatever happens here,
 * the clock goes on: the agent only ever loses news, not its configuration.
 *
 * Of several replicas of the operator one leads. Another one redirects to it, or says "stay" (Standby) when it knows no leader
 * that answers: then this stream becomes the leader's as soon as there is one.
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
  /** A hub that accepts the connection and says nothing for that long, not even "stay", is no hub. Default 10 s. */
  readonly welcomeMs: number;
  /** A stream must have stood that long before the waiting times begin anew. Default 10 s. */
  readonly settledMs: number;
}

const usualTiming: HubTiming = { tokenPollMs: 10_000, welcomeMs: 10_000, settledMs: 10_000 };

export interface HubClientOptions {
  /** host:port each, at least one: tried in turn. */
  readonly addresses: readonly string[];
  readonly caFile: string;
  readonly tokenFile: string;
  /** Without what only the client knows: `unreachableEndpoint`. */
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
/** After being superseded by another process of this node's identity: it would only answer in kind. */
const supersededFailures = 7;

type Stream = ClientDuplexStream<AgentMessage, HubMessage>;

export class HubClient {
  readonly #options: HubClientOptions;
  readonly #handlers: HubMessageHandlers;
  readonly #timing: HubTiming;
  #next = 0;
  /** Where a replica has sent us; null: we ask the addresses that we were given. */
  #redirect: string | null = null;
  /** Where the last redirect led to nothing. */
  #unreachable = "";
  #client: Client | null = null;
  #stream: Stream | null = null;
  #welcomed = false;
  #failures = 0;
  #closed = false;
  #timers = new Set<NodeJS.Timeout>();
  #patience: NodeJS.Timeout | undefined;
  #tokenStamp = "";

  constructor(options: HubClientOptions, handlers: HubMessageHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#timing = options.timing ?? usualTiming;
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
    this.#awaitWelcome(stream);
  }

  /** host:port that is tried or in use now. */
  get address(): string {
    const { addresses } = this.#options;
    return this.#redirect ?? addresses[this.#next % addresses.length] ?? "";
  }

  #awaitWelcome(stream: Stream | null): void {
    const { welcomeMs } = this.#timing;
    clearTimeout(this.#patience);
    this.#patience = this.#after(welcomeMs, () => {
      const reason = `no answer from ${this.address} within ${welcomeMs / 1000} s`;
      if (!this.#welcomed) this.#lost("MER_AGENT_HUB_UNREACHABLE", reason, stream);
    });
  }

  /** Token and CA are read anew for every attempt: both rotate. */
  #open(): Stream {
    const { caFile, tokenFile, hello } = this.#options;
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${this.#readToken(tokenFile)}`);
    this.#client = new Client(this.address, credentials.createFromSecureContext(readHubAuthority(caFile)), {
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
    stream.write({ hello: { ...hello(), unreachableEndpoint: this.#unreachable } });
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
    if (message.redirect) return this.#follow(message.redirect.endpoint ?? "");
    if (message.standby && !this.#welcomed) return this.#awaitWelcome(this.#stream);
    if (message.welcome && !this.#welcomed) {
      this.#welcomed = true;
      this.#unreachable = "";
      this.#after(this.#timing.settledMs, () => (this.#failures = 0));
      this.#watchToken();
      this.#handlers.connection(true, "", "");
    }
    this.#handlers.message(message);
  }

  #follow(endpoint: string): void {
    // From a redirect to a redirect: they do not agree yet. The usual waiting time, then from the beginning.
    if (this.#redirect !== null || !isEndpoint(endpoint))
      return this.#lost("MER_AGENT_HUB_LOST", `${this.address} sends us on to "${endpoint.slice(0, 261)}", which cannot be followed`);
    const from = this.#stream;
    this.#lost(redirected, `the leader is at ${endpoint}`, from, endpoint);
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

  #lost(code: string, reason: string, from: Stream | null = this.#stream, redirect: string | null = null): void {
    if (from !== this.#stream || this.#closed) return;
    const wasWelcomed = this.#welcomed;
    this.#leave();
    this.#handlers.connection(false, code, reason);
    if (code === "CLOSE_SUPERSEDED") this.#failures = Math.max(this.#failures, supersededFailures);
    // A leader that moved away and is gone again: ask whoever sent us there, and say so; otherwise try the next address.
    if (this.#redirect !== null) this.#unreachable = wasWelcomed ? "" : this.#redirect;
    else if (redirect === null) this.#next += 1;
    this.#redirect = redirect;
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

  #after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return timer;
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

/** host:port as gRPC takes it, and nothing else that gRPC would take (unix:, dns: …). */
function isEndpoint(endpoint: string): boolean {
  const match = /^(?:\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(endpoint);
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}
