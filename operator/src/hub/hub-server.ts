/** The gRPC server that agents connect to: TLS 1.3 only, one stream per node, bounded messages, bounded strangers. */
import { Server, type ServerDuplexStream } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type HubMessage, hubService, maxMessageBytes } from "@meridian/proto";
import type { Log } from "kopf-ts";
import type { Authenticator } from "./authenticate.js";
import type { HubCertificates } from "./certificates.js";
import type { Fleet } from "./fleet.js";
import { type DoorLimits, FrontDoor, type Rejection, usualDoorLimits } from "./front-door.js";
import { HubCredentials } from "./hub-credentials.js";
import type { HubLeadership } from "./hub-leadership.js";
import { Pace } from "./pace.js";
import { QuietLog } from "./quiet-log.js";
import { Session, type SessionTiming, usualSessionTiming } from "./session.js";

/** A dead peer is noticed after these two. */
const keepaliveMs = 15_000;
const keepaliveTimeoutMs = 10_000;
/** Who has not read its goodbye by then never will. */
const goodbyeMs = 2_000;
/** A connection without a stream is nobody's. */
const idleMs = 30_000;
/** An agent introduces itself when it starts, when its stream broke, and when its node has changed. */
const introductionsPerNode = { burst: 10, perSecond: 0.5 };
/** Buffers of one connection, MB: two messages of the largest size, with room. */
const sessionMegabytes = 2;

export interface HubServerOptions {
  /** host:port, port 0: any. */
  readonly address: string;
  readonly certificates: HubCertificates;
  readonly authenticator: Authenticator;
  readonly fleet: Fleet;
  readonly leadership: HubLeadership;
  readonly reportIntervalMs: number;
  readonly log: Log;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Called with the hub's word for every stream that it ended, for the metric. */
  readonly closed: (code: string) => void;
  /** Called for every connection that ended before a token was shown, for the metric. */
  readonly rejected: (why: Rejection) => void;
  readonly limits?: DoorLimits;
  readonly timing?: SessionTiming;
}

export interface HubServer {
  readonly port: number;
  /** New connections see these; streams go on. */
  replaceCertificates(certificates: HubCertificates): void;
  /** Tells every agent that the hub goes, and resolves when all streams have ended. */
  close(): Promise<void>;
}

/** @throws MER_OPERATOR_LISTEN */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const { address, certificates, leadership, limits = usualDoorLimits, log, now, timing = usualSessionTiming } = options;
  const quiet = new QuietLog(log, now);
  const sessions = new Set<Session>();
  const newest = new Map<string, Session>();
  const introductions = new Pace({ ...introductionsPerNode, now });
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": 1,
    "grpc.max_connection_idle_ms": idleMs,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.enable_channelz": 0,
    "grpc-node.max_session_memory": sessionMegabytes,
  });
  const open = (stream: ServerDuplexStream<AgentMessage, HubMessage>): void => {
    const peer = stream.getPeer();
    const session = new Session({
      ...options,
      stream,
      timing,
      log: quiet,
      authenticated: (node) => door.admit(peer, node),
      mayIntroduce: (node) => introductions.take(node),
      registered: (node, registering) => {
        newest.get(node)?.close(CloseCode.CLOSE_SUPERSEDED, "a newer stream of this node");
        newest.set(node, registering);
      },
      welcomed: (node) => log.info({ node, peer }, "agent connected"),
      ended: (ending, code) => {
        sessions.delete(ending);
        options.closed(code);
        door.dismiss(peer, goodbyeMs);
        const { node } = ending;
        if (node === null) return;
        if (newest.get(node) === ending) newest.delete(node);
        if (ending.welcomed) log.info({ node, code }, "agent disconnected");
        else log.debug({ node, code }, "agent sent on");
      },
    });
    sessions.add(session);
  };
  server.addService(hubService, { connect: open });
  const credentials = new HubCredentials(certificates);
  const injector = server.createConnectionInjector(credentials);
  const door = new FrontDoor({ limits, log: quiet, now, enter: (socket) => injector.injectConnection(socket), rejected: options.rejected });
  const port = await door.listen(address);
  const unsubscribe = leadership.subscribe(() => {
    for (const session of sessions) session.followLeadership();
  });
  return {
    port,
    replaceCertificates: (replacement) => credentials.replace(replacement),
    async close() {
      unsubscribe();
      for (const session of sessions) session.close(CloseCode.CLOSE_SHUTTING_DOWN, "the operator stops");
      injector.drain(goodbyeMs);
      await door.close(goodbyeMs);
      injector.destroy();
    },
  };
}
