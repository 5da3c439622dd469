/**
 * One agent's stream: authenticate, Hello, then reports in and orders out. Whatever an agent sends, the worst that happens is
 * that its own stream is closed with a code.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type Hello, type HubMessage, protocolVersion } from "@meridian/proto";
import type { Log } from "kopf-ts";
import { readApplied, readCapabilities, readReport } from "./agent-report.js";
import type { Authentication, Authenticator } from "./authenticate.js";
import type { AgentStream, Fleet, Orders } from "./fleet.js";
import type { LeaderEpoch } from "./leader-epoch.js";

/** How long an agent may take to say who it is. */
const helloMs = 10_000;
/** A stream may outlive its token by that much: the kubelet writes the next one long before. */
const expiryGraceMs = 60_000;
/** An agent that leaves so many messages unread is gone or broken. */
const mostUnread = 32;

export interface SessionOptions {
  readonly stream: ServerDuplexStream<AgentMessage, HubMessage>;
  readonly authenticator: Authenticator;
  readonly fleet: Fleet;
  readonly epoch: LeaderEpoch;
  readonly reportIntervalMs: number;
  readonly log: Log;
  /** The node is known: an older stream of it is superseded. */
  readonly registered: (node: string, session: Session) => void;
  /** The stream is over, why ever. `code` is the hub's word, empty when the agent left. */
  readonly ended: (session: Session, code: string) => void;
}

export class Session implements AgentStream {
  readonly #options: SessionOptions;
  #node: string | null = null;
  #revision = "";
  #released = false;
  #lastSequence = 0;
  #ended = false;
  #helloTimer: NodeJS.Timeout;
  #expiryTimer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { stream } = options;
    this.#helloTimer = setTimeout(() => this.close(CloseCode.CLOSE_PROTOCOL, "no Hello in time"), helloMs);
    stream.on("error", () => this.#end(""));
    stream.on("end", () => {
      this.#end("");
      stream.end();
    });
    stream.on("cancelled", () => this.#end(""));
    void this.#start();
  }

  get node(): string | null {
    return this.#node;
  }

  get revision(): string {
    return this.#revision;
  }

  order(orders: Orders): void {
    const leaderEpoch = this.#options.epoch.current;
    switch (orders.kind) {
      case "config": {
        const { revision, config } = orders;
        if (revision === this.#revision && !this.#released) return;
        this.#revision = revision;
        this.#released = false;
        return this.#write({ config: { leaderEpoch, revision, config } });
      }
      case "release":
        if (this.#released || this.#revision === "") return;
        this.#released = true;
        this.#revision = "";
        return this.#write({ release: { leaderEpoch, reason: orders.reason } });
    }
  }

  /** Tells the agent why, then ends the stream. */
  close(code: CloseCode, reason: string): void {
    if (this.#ended) return;
    this.#options.stream.write({ close: { code, reason } });
    this.#options.stream.end();
    this.#end(CloseCode[code] ?? "");
  }

  async #start(): Promise<void> {
    const { stream, authenticator } = this.#options;
    const [header] = stream.metadata.get("authorization");
    const answer = await authenticator.authenticate(bearerOf(header));
    if (this.#ended) return;
    if (answer.kind !== "agent") return this.#refuse(answer);
    this.#expireIn(answer.lifeMs);
    // Until here nothing was read: messages wait in the stream's own buffer.
    stream.on("data", (message: AgentMessage) => this.#receive(answer.node, message));
  }

  #refuse(answer: Exclude<Authentication, { kind: "agent" }>): void {
    const { log, stream } = this.#options;
    const peer = stream.getPeer();
    if (answer.kind === "unavailable") {
      log.warn({ code: "MER_HUB_REVIEW_FAILED", peer, reason: answer.reason }, "cannot review an agent's token");
      return this.close(CloseCode.CLOSE_UNSPECIFIED, "the API server cannot review the token now");
    }
    log.warn({ code: "MER_HUB_UNAUTHENTICATED", peer, reason: answer.reason }, "refused an agent");
    this.close(CloseCode.CLOSE_UNAUTHENTICATED, answer.reason);
  }

  #receive(node: string, message: AgentMessage): void {
    if (this.#ended) return;
    if (this.#node === null) return this.#greet(node, message.hello);
    const { fleet } = this.#options;
    if (message.report) {
      const report = readReport(message.report);
      if (report.sequence <= this.#lastSequence) return;
      this.#lastSequence = report.sequence;
      fleet.report(node, this, report);
    } else if (message.applied) fleet.applied(node, this, readApplied(message.applied));
    else if (message.reauthenticate) void this.#reauthenticate(node, message.reauthenticate.token ?? "");
    // Anything else is a message of a newer agent.
  }

  #greet(node: string, hello: Hello | null | undefined): void {
    const { log, registered, stream } = this.#options;
    if (!hello) return this.#breach("the first message is not Hello");
    const version = hello.protocolVersion ?? 0;
    if (version < 1 || version > protocolVersion + 1) return this.#breach(`protocol version ${version} is not ${protocolVersion}`);
    if (hello.nodeName !== node) {
      log.warn({ code: "MER_HUB_WRONG_NODE", node, claimed: hello.nodeName?.slice(0, 253), peer: stream.getPeer() }, "refused an agent");
      return this.close(CloseCode.CLOSE_WRONG_NODE, `the token is of node ${node}`);
    }
    clearTimeout(this.#helloTimer);
    this.#node = node;
    this.#revision = hello.appliedRevision ?? "";
    registered(node, this);
    void this.#welcome(node, hello);
  }

  async #welcome(node: string, hello: Hello): Promise<void> {
    const { epoch, fleet, reportIntervalMs } = this.#options;
    await epoch.outrank(hello.newestEpoch ?? 0);
    if (this.#ended) return;
    this.#write({ welcome: { leaderEpoch: epoch.current, reportIntervalMilliseconds: reportIntervalMs } });
    fleet.connect(node, this, readCapabilities(hello.capabilities), `${hello.bootId ?? ""} ${hello.instanceId ?? ""}`);
  }

  async #reauthenticate(node: string, token: string): Promise<void> {
    const answer = await this.#options.authenticator.authenticate(token);
    if (this.#ended) return;
    switch (answer.kind) {
      case "agent":
        if (answer.node === node) return this.#expireIn(answer.lifeMs);
        return this.close(CloseCode.CLOSE_WRONG_NODE, `the new token is of node ${answer.node}`);
      case "refused":
        return this.close(CloseCode.CLOSE_UNAUTHENTICATED, answer.reason);
      case "unavailable":
        return; // the old token still counts until its time is over
    }
  }

  #expireIn(lifeMs: number): void {
    clearTimeout(this.#expiryTimer);
    // setTimeout holds 31 bits of ms: 24 days, and no projected token lives that long.
    const delay = Math.min(lifeMs + expiryGraceMs, 2 ** 31 - 1);
    this.#expiryTimer = setTimeout(() => this.close(CloseCode.CLOSE_TOKEN_EXPIRED, "no new token in time"), delay);
  }

  #breach(reason: string): void {
    const { log, stream } = this.#options;
    log.warn({ code: "MER_HUB_PROTOCOL", peer: stream.getPeer(), reason }, "refused an agent");
    this.close(CloseCode.CLOSE_PROTOCOL, reason);
  }

  #write(message: HubMessage): void {
    if (this.#ended) return;
    this.#options.stream.write(message);
    // In object mode a stream counts messages.
    if (this.#options.stream.writableLength > mostUnread) this.close(CloseCode.CLOSE_SLOW_CONSUMER, "does not read");
  }

  #end(code: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#expiryTimer);
    if (this.#node !== null) this.#options.fleet.disconnect(this.#node, this);
    this.#options.ended(this, code);
  }
}

function bearerOf(header: unknown): string {
  return typeof header === "string" && header.startsWith("Bearer ") ? header.slice("Bearer ".length) : "";
}
