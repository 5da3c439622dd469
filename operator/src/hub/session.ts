/**
 * One agent's stream: authenticate, Hello, then reports in and orders out. Whatever an agent sends, the worst that happens is
 * that its own stream is closed with a code.
 *
 * Only the leader gives orders. On another replica an agent is sent to the leader or, when none is known that answers, kept
 * waiting: a failover then finds it connected already.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type Hello, type HubMessage, protocolVersion } from "@meridian/proto";
import { readApplied, readCapabilities, readReport } from "./agent-report.js";
import type { Authentication, Authenticator } from "./authenticate.js";
import type { AgentStream, Fleet, Orders } from "./fleet.js";
import type { HubLeadership } from "./hub-leadership.js";
import { Intake } from "./intake.js";
import { Outbox } from "./outbox.js";
import type { QuietLog } from "./quiet-log.js";

export interface SessionTiming {
  /** An agent may take that long to say who it is. Default 10 s. */
  readonly helloMs: number;
  /** A stream may outlive its token by that much: the kubelet writes the next one long before. Default 60 s. */
  readonly expiryGraceMs: number;
  /** What is not read for so long has no reader. Default 30 s. */
  readonly slowMs: number;
  /** How often a waiting agent is told to stay. Default 4 s, well below its patience for a Welcome. */
  readonly standbyMs: number;
  /** How long an agent is kept without a leader: a little more than a failover takes. Default 20 s. */
  readonly leaderlessMs: number;
}

export const usualSessionTiming: SessionTiming = {
  helloMs: 10_000,
  expiryGraceMs: 60_000,
  slowMs: 30_000,
  standbyMs: 4_000,
  leaderlessMs: 20_000,
};

export interface SessionOptions {
  readonly stream: ServerDuplexStream<AgentMessage, HubMessage>;
  readonly authenticator: Authenticator;
  readonly fleet: Fleet;
  readonly leadership: HubLeadership;
  readonly reportIntervalMs: number;
  readonly log: QuietLog;
  readonly timing: SessionTiming;
  /** Monotonic ms. */
  readonly now: () => number;
  /** The token is good, and of this node. */
  readonly authenticated: (node: string) => void;
  /** Whether the node may introduce itself once more now. */
  readonly mayIntroduce: (node: string) => boolean;
  /** The node is known: an older stream of it is superseded. */
  readonly registered: (node: string, session: Session) => void;
  /** The agent is ours to order. */
  readonly welcomed: (node: string) => void;
  /** The stream is over, why ever. `code` is the hub's word, empty when the agent left. */
  readonly ended: (session: Session, code: string) => void;
}

/** What an agent runs whose last orders it may or may not have read: different from every revision there is. */
const unknownRevision = "?";
/** Code of a session that ended because the agent was sent to another replica. */
const redirected = "REDIRECT";

export class Session implements AgentStream {
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #intake: Intake;
  #node: string | null = null;
  #hello: Hello | null = null;
  #welcomed = false;
  #welcoming = false;
  #revision = "";
  #released = false;
  #lastSequence = 0;
  #ended = false;
  #helloTimer: NodeJS.Timeout;
  #expiryTimer: NodeJS.Timeout | undefined;
  #standbyTimer: NodeJS.Timeout | undefined;
  #pauseTimer: NodeJS.Timeout | undefined;
  /** Monotonic ms since nobody leads here; null: this replica leads, or the agent has not said Hello. */
  #leaderlessSince: number | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { now, stream, timing } = options;
    this.#intake = new Intake(now());
    this.#outbox = new Outbox(stream, timing.slowMs, () => this.close(CloseCode.CLOSE_SLOW_CONSUMER, "does not read"));
    this.#helloTimer = setTimeout(() => this.#breach("no Hello in time"), timing.helloMs);
    stream.on("error", () => this.#end(""));
    stream.on("end", () => {
      this.#end("");
      stream.end();
    });
    stream.on("cancelled", () => this.#end(""));
    void this.#start();
  }

  /** Of the peer, without its port. */
  get #address(): string {
    return this.#options.stream.getPeer().replace(/:\d+$/, "");
  }

  get node(): string | null {
    return this.#node;
  }

  /** Whether it was ever told Welcome. */
  get welcomed(): boolean {
    return this.#welcomed;
  }

  get revision(): string {
    return this.#revision;
  }

  order(orders: Orders): void {
    const leaderEpoch = this.#options.leadership.epoch;
    // The reconcile that ordered this began before the lease was lost.
    if (leaderEpoch === null || this.#ended) return;
    switch (orders.kind) {
      case "config": {
        const { revision, config } = orders;
        if (revision === this.#revision && !this.#released) return;
        this.#revision = revision;
        this.#released = false;
        return this.#outbox.order({ config: { leaderEpoch, revision, config } });
      }
      case "release":
        if (this.#released || this.#revision === "") return;
        this.#released = true;
        this.#revision = "";
        return this.#outbox.order({ release: { leaderEpoch, reason: orders.reason } });
    }
  }

  /** Tells the agent why, then ends the stream. */
  close(code: CloseCode, reason: string): void {
    this.#leave({ close: { code, reason } }, CloseCode[code] ?? "");
  }

  /** Who leads has changed: welcome who waits, send away who should be elsewhere. */
  followLeadership(): void {
    const { leadership } = this.#options;
    if (this.#node === null || this.#ended) return;
    if (leadership.epoch !== null) {
      this.#leaderlessSince = null;
      clearTimeout(this.#standbyTimer);
      if (!this.#welcomed) void this.#welcome(this.#node);
      return;
    }
    // What was not read before the lease was lost is not an order any more.
    if (this.#outbox.withdraw()) this.#revision = unknownRevision;
    const endpoint = leadership.leaderEndpoint;
    const inVain = !this.#welcomed && endpoint === this.#hello?.unreachableEndpoint;
    if (endpoint !== null && !inVain) return this.#leave({ redirect: { endpoint } }, redirected);
    this.#keepWaiting();
  }

  async #start(): Promise<void> {
    const { authenticated, authenticator, stream } = this.#options;
    const [header] = stream.metadata.get("authorization");
    const answer = await authenticator.authenticate(bearerOf(header), this.#address);
    if (this.#ended) return;
    if (answer.kind !== "agent") return this.#refuse(answer);
    authenticated(answer.node);
    this.#expireIn(answer.lifeMs);
    // Until here nothing was read: messages wait in the stream's own buffer.
    stream.on("data", (message: AgentMessage) => this.#receive(answer.node, message));
  }

  #refuse(answer: Exclude<Authentication, { kind: "agent" }>): void {
    const { reason } = answer;
    if (answer.kind === "unavailable") {
      this.#warn("MER_HUB_REVIEW_FAILED", { reason }, "cannot review an agent's token");
      return this.close(CloseCode.CLOSE_UNAVAILABLE, "the API server cannot review the token now");
    }
    this.#warn("MER_HUB_UNAUTHENTICATED", { reason }, "refused an agent");
    this.close(CloseCode.CLOSE_UNAUTHENTICATED, reason);
  }

  #receive(node: string, message: AgentMessage): void {
    if (this.#ended) return;
    const { fleet, now, stream } = this.#options;
    const pauseMs = this.#intake.take(now());
    if (pauseMs > 0 && !stream.isPaused()) {
      stream.pause();
      this.#pauseTimer = setTimeout(() => stream.resume(), pauseMs);
    }
    if (this.#node === null) return this.#greet(node, message.hello);
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
    if (!hello) return this.#breach("the first message is not Hello");
    const version = hello.protocolVersion ?? 0;
    if (version < 1 || version > protocolVersion + 1) return this.#breach(`protocol version ${version} is not ${protocolVersion}`);
    if (hello.nodeName !== node) {
      this.#warn("MER_HUB_WRONG_NODE", { node, claimed: hello.nodeName?.slice(0, 253) }, "refused an agent");
      return this.close(CloseCode.CLOSE_WRONG_NODE, `the token is of node ${node}`);
    }
    if (!this.#options.mayIntroduce(node)) {
      this.#warn("MER_HUB_CROWDED", { node }, "refused an agent that introduces itself again and again");
      return this.close(CloseCode.CLOSE_UNAVAILABLE, "too many introductions of this node");
    }
    clearTimeout(this.#helloTimer);
    this.#node = node;
    this.#hello = hello;
    this.#revision = hello.appliedRevision ?? "";
    this.#options.registered(node, this);
    this.followLeadership();
  }

  async #welcome(node: string): Promise<void> {
    if (this.#welcoming) return;
    this.#welcoming = true;
    const { fleet, leadership, reportIntervalMs } = this.#options;
    const hello = this.#hello ?? {};
    const seen = hello.newestEpoch ?? 0;
    await leadership.outrank(seen, node);
    this.#welcoming = false;
    if (this.#ended || this.#welcomed) return;
    const { epoch } = leadership;
    if (epoch === null) return this.followLeadership();
    if (epoch < seen) return this.close(CloseCode.CLOSE_NOT_LEADER, `this agent has obeyed epoch ${seen}, and this hub's is ${epoch}`);
    this.#welcomed = true;
    this.#options.welcomed(node);
    this.#outbox.say({ welcome: { leaderEpoch: epoch, reportIntervalMilliseconds: reportIntervalMs } });
    fleet.connect(node, this, readCapabilities(hello.capabilities), `${hello.bootId ?? ""} ${hello.instanceId ?? ""}`);
  }

  /**
   * For as long as a failover can take: whoever has not been welcomed is told to stay now and then; whoever has been notices
   * nothing, if this replica leads again. After that it may well be that we alone do not see the leader.
   */
  #keepWaiting(): void {
    const { now, timing } = this.#options;
    clearTimeout(this.#standbyTimer);
    this.#leaderlessSince ??= now();
    if (now() - this.#leaderlessSince >= timing.leaderlessMs) return this.close(CloseCode.CLOSE_NOT_LEADER, "this replica sees no leader");
    if (!this.#welcomed) this.#outbox.say({ standby: {} });
    this.#standbyTimer = setTimeout(() => this.followLeadership(), timing.standbyMs);
  }

  async #reauthenticate(node: string, token: string): Promise<void> {
    const answer = await this.#options.authenticator.authenticate(token, this.#address);
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
    const delay = Math.min(lifeMs + this.#options.timing.expiryGraceMs, 2 ** 31 - 1);
    this.#expiryTimer = setTimeout(() => this.close(CloseCode.CLOSE_TOKEN_EXPIRED, "no new token in time"), delay);
  }

  #breach(reason: string): void {
    this.#warn("MER_HUB_PROTOCOL", { reason }, "refused an agent");
    this.close(CloseCode.CLOSE_PROTOCOL, reason);
  }

  #warn(code: Parameters<QuietLog["warn"]>[0], fields: object, message: string): void {
    this.#options.log.warn(code, this.#address, fields, message);
  }

  #leave(farewell: HubMessage, code: string): void {
    if (this.#ended) return;
    const { stream } = this.#options;
    stream.write(farewell);
    stream.end();
    this.#end(code);
  }

  #end(code: string): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of [this.#helloTimer, this.#expiryTimer, this.#standbyTimer, this.#pauseTimer]) clearTimeout(timer);
    this.#outbox.close();
    if (this.#node !== null && this.#welcomed) this.#options.fleet.disconnect(this.#node, this);
    this.#options.ended(this, code);
  }
}

function bearerOf(header: unknown): string {
  return typeof header === "string" && header.startsWith("Bearer ") ? header.slice("Bearer ".length) : "";
}
