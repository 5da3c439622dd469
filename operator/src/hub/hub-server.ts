/** The gRPC server that agents connect to: TLS 1.3 only, one stream per node, bounded messages. */
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { type AgentMessage, CloseCode, type HubMessage, hubService, maxMessageBytes } from "@meridian/proto";
import type { Log } from "kopf-ts";
import { messageOf, operatorError } from "../errors.js";
import type { Authenticator } from "./authenticate.js";
import type { HubCertificates } from "./certificates.js";
import type { Fleet } from "./fleet.js";
import type { LeaderEpoch } from "./leader-epoch.js";
import { Session } from "./session.js";

/** A dead peer is noticed after these two. */
const keepaliveMs = 15_000;
const keepaliveTimeoutMs = 10_000;
const goodbyeMs = 2_000;
/** A connection without a stream is nobody's. */
const idleMs = 30_000;

export interface HubServerOptions {
  /** host:port, port 0: any. */
  readonly address: string;
  readonly certificates: HubCertificates;
  readonly authenticator: Authenticator;
  readonly fleet: Fleet;
  readonly epoch: LeaderEpoch;
  readonly reportIntervalMs: number;
  readonly log: Log;
  /** Called with the hub's word for every stream that it ended, for the metric. */
  readonly closed: (code: string) => void;
}

export interface HubServer {
  readonly port: number;
  /** Tells every agent that the hub goes, and resolves when all streams have ended. */
  close(): Promise<void>;
}

class HubCredentials extends ServerCredentials {
  constructor({ certificate, key }: HubCertificates) {
    super({}, { cert: certificate, key, minVersion: "TLSv1.3" });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** @throws MER_OPERATOR_LISTEN */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const { address, certificates, log } = options;
  const sessions = new Set<Session>();
  const newest = new Map<string, Session>();
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": 4,
    "grpc.max_connection_idle_ms": idleMs,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
  });
  const open = (stream: ServerDuplexStream<AgentMessage, HubMessage>): void => {
    const session = new Session({
      ...options,
      stream,
      registered: (node, registering) => {
        newest.get(node)?.close(CloseCode.CLOSE_SUPERSEDED, "a newer stream of this node");
        newest.set(node, registering);
        log.info({ node, peer: stream.getPeer() }, "agent connected");
      },
      ended: (ending, code) => {
        sessions.delete(ending);
        options.closed(code);
        const { node } = ending;
        if (node === null) return;
        if (newest.get(node) === ending) newest.delete(node);
        log.info({ node, code }, "agent disconnected");
      },
    });
    sessions.add(session);
  };
  server.addService(hubService, { connect: open });
  const port = await listen(server, address, new HubCredentials(certificates));
  return {
    port,
    async close() {
      for (const session of sessions) session.close(CloseCode.CLOSE_SHUTTING_DOWN, "the operator stops");
      await new Promise<void>((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), goodbyeMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      });
    },
  };
}

function listen(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(operatorError("MER_OPERATOR_LISTEN", `the hub cannot listen on ${address}: ${messageOf(error)}`, error));
      else resolve(port);
    });
  });
}
