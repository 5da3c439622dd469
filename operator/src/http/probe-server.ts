/** Probes and metrics: `/healthz` restart me, `/readyz` send me agents, `/metrics`. */
import { createServer, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health, HealthReport } from "kopf-ts";
import type { Registry } from "prom-client";
import { messageOf, operatorError } from "../errors.js";
import { limitConnections } from "./limit-connections.js";

export interface ProbeServer {
  readonly port: number;
  close(): Promise<void>;
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

/** @param address host:port, port 0: any. @throws MER_OPERATOR_LISTEN */
export async function startProbeServer(address: string, registry: Registry, health: Health): Promise<ProbeServer> {
  const server = createServer(patience, (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "text/plain", "GET only\n");
    respond(request.url?.split("?")[0] ?? "", response, registry, health).catch((error: unknown) =>
      answer(response, 500, "text/plain", `${messageOf(error)}\n`),
    );
  });
  limitConnections(server, mostConnections);
  server.maxRequestsPerSocket = mostRequests;
  await listen(server, address);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(path: string, response: ServerResponse, registry: Registry, health: Health): Promise<void> {
  switch (path) {
    case "/healthz":
      return probe(response, await health.live());
    case "/readyz":
      return probe(response, await health.ready());
    case "/metrics":
      return answer(response, 200, registry.contentType, await registry.metrics());
    default:
      return answer(response, 404, "text/plain", "/healthz, /readyz or /metrics\n");
  }
}

function probe(response: ServerResponse, { healthy, checks }: HealthReport): void {
  const lines = Object.entries(checks).map(([name, check]) => `[${check.healthy ? "+" : "-"}] ${name}: ${check.detail}`);
  answer(response, healthy ? 200 : 503, "text/plain; charset=utf-8", `${lines.join("\n")}\n`);
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

function listen(server: Server, address: string): Promise<void> {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(operatorError("MER_OPERATOR_LISTEN", `probes and metrics cannot listen on ${address}: ${error.message}`, error)),
    );
    server.listen(Number(port), host.replace(/^\[|\]$/g, ""), () => resolve());
  });
}
