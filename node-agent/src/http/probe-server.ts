/** Probes and metrics. `/healthz`: the engine runs; `/readyz`: it has a configuration and measures, or owns a reference. */
import { createServer, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { agentError, messageOf } from "../errors.js";
import { limitConnections } from "./limit-connections.js";

export interface Health {
  /** null: well. */
  healthy(): string | null;
  ready(): string | null;
}

export interface ProbeServer {
  readonly port: number;
  close(): void;
}

const mostConnections = 64;
/** On one connection: a scraper keeps it for a few minutes, and nobody for ever. */
const mostRequests = 20;
/** Connections that say nothing must not use up mostConnections: the kubelet's probe would find no room and restart us. */
const patience: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/** @param address host:port, port 0: any. @throws MER_AGENT_HTTP_ADDRESS */
export async function startProbeServer(address: string, registry: Registry, health: Health): Promise<ProbeServer> {
  const server = createServer(patience, (request, response) => {
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const probe = (problem: string | null): void =>
      answer(problem === null ? 200 : 503, "text/plain; charset=utf-8", `${problem ?? "ok"}\n`);
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "text/plain", "GET only\n");
    const [path = ""] = request.url?.split("?") ?? [];
    switch (path) {
      case "/healthz":
        return probe(health.healthy());
      case "/readyz":
        return probe(health.ready());
      case "/metrics":
        return void registry.metrics().then(
          (text) => answer(200, registry.contentType, text),
          (error: unknown) => answer(500, "text/plain", `${String(error)}\n`),
        );
      default:
        return answer(404, "text/plain", "/healthz, /readyz or /metrics\n");
    }
  });
  limitConnections(server, mostConnections);
  server.maxRequestsPerSocket = mostRequests;
  await listen(server, address);
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

function listen(server: Server, address: string): Promise<void> {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(agentError("MER_AGENT_HTTP_ADDRESS", `${address}: ${messageOf(error)}`, error)));
    server.listen(Number(port), host.replace(/^\[|\]$/g, ""), () => resolve());
  });
}
