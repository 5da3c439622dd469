import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock/clock.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { type FakeApiServer, hangUp, refuse, stall, startFakeApiServer } from "../testing/fake-api-server.js";
import { transportTo } from "../testing/fake-transport.js";
import { createRecordingMetrics } from "../testing/recording-metrics.js";
import { createConnectionPool } from "./connection-pool.js";
import { createCredentialSource } from "./credentials.js";
import { createTransport, type Transport } from "./transport.js";

const path = "/apis/test.io/v1/namespaces/ns/widgets/a";

describe("transport", () => {
  let server: FakeApiServer;
  let transport: Transport;
  const metrics = createRecordingMetrics();

  beforeEach(async () => {
    server = await startFakeApiServer();
    transport = transportTo(server.kube, metrics);
    server.put("a", { size: 1 });
  });
  afterEach(async () => {
    await transport.close();
    await server.close();
  });

  it("waits as long as a 429 asks for and repeats even a write, since it was not executed", async () => {
    server.failNext(/^PATCH/, refuse(429, "TooManyRequests", 1));
    const before = performance.now();
    await transport.send({ verb: "patch", path, body: { spec: { size: 2 } }, contentType: "application/merge-patch+json" });
    expect(performance.now() - before).toBeGreaterThan(900);
    expect(server.requests).toHaveLength(2);
  });

  it("does not repeat a write after a 503 that does not say when, because it may have been executed", async () => {
    server.failNext(/^PATCH/, refuse(503, "ServiceUnavailable"));
    await expect(transport.send({ verb: "patch", path, body: {} })).rejects.toMatchObject({ code: "KOPF_API_UNAVAILABLE", status: 503 });
    expect(server.requests).toHaveLength(1);
  });

  it("gives up at once when Retry-After lies beyond the time limit, and passes the wish on", async () => {
    server.failNext(/^GET/, refuse(429, "TooManyRequests", 60));
    const error = await transport.send({ verb: "get", path, timeoutMs: 5_000 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "KOPF_API_THROTTLED", retryAfterMs: 60_000, reason: "TooManyRequests" });
  });

  it("stops repeating after a bounded number of refusals", async () => {
    for (let i = 0; i < 10; i++) server.failNext(/^GET/, refuse(429, "TooManyRequests", 0));
    await expect(transport.send({ verb: "get", path })).rejects.toMatchObject({ code: "KOPF_API_THROTTLED" });
    expect(server.requests).toHaveLength(5);
  });

  it("repeats a read once when the connection ended before an answer, and never a write", async () => {
    server.failNext(/^GET/, hangUp);
    await expect(transport.send({ verb: "get", path })).resolves.toMatchObject({ kind: "Widget" });
    server.failNext(/^PATCH/, hangUp);
    await expect(transport.send({ verb: "patch", path, body: {} })).rejects.toMatchObject({ code: "KOPF_TRANSPORT_FAILED" });
    expect(server.requests).toHaveLength(3);
  });

  it("keeps its time limit when the server says nothing", async () => {
    server.failNext(/^GET/, stall);
    await expect(transport.send({ verb: "get", path, timeoutMs: 50 })).rejects.toMatchObject({ code: "KOPF_TRANSPORT_TIMEOUT" });
  });

  it("tells an abort by the caller from a failure", async () => {
    server.failNext(/^GET/, stall);
    const stop = new AbortController();
    const sent = transport.send({ verb: "get", path, signal: stop.signal });
    stop.abort(new Error("changed my mind"));
    await expect(sent).rejects.toMatchObject({ code: "KOPF_ABORTED", cause: expect.objectContaining({ message: "changed my mind" }) });
  });

  it("keeps the words of a proxy that is no API server", async () => {
    server.failNext(/^GET/, (_request, response) => void response.writeHead(502).end("<h1>Bad Gateway</h1>"));
    await expect(transport.send({ verb: "get", path })).rejects.toMatchObject({
      code: "KOPF_API_UNAVAILABLE",
      status: 502,
      reason: "",
      message: expect.stringContaining("Bad Gateway"),
    });
  });

  it("counts responses by verb and status", async () => {
    const before = metrics.value("kube_requests_total", { verb: "get", status: "404" });
    await expect(transport.send({ verb: "get", path: `${path}-missing` })).rejects.toMatchObject({ code: "KOPF_API_NOT_FOUND" });
    expect(metrics.value("kube_requests_total", { verb: "get", status: "404" })).toBe(before + 1);
  });

  it("shares connections instead of opening one per request", async () => {
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 30; i++) {
      server.failNext(/^GET/, (request, response) => {
        ports.add(request.socket.remotePort);
        response.end("{}");
      });
      await transport.send({ verb: "get", path });
    }
    expect(ports.size).toBeLessThanOrEqual(3);
  });
});

describe("credentials", () => {
  it("are read anew after a 401, so that a rotated token costs no failed request", async () => {
    const accepted = "Bearer second";
    const seen: (string | undefined)[] = [];
    const http = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(request.headers.authorization === accepted ? 200 : 401).end("{}");
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const kube = new KubeConfig();
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const authProvider = { name: "tokenFile", config: { tokenFile: import.meta.filename } };
    kube.loadFromClusterAndUser({ name: "c", server: url, skipTLSVerify: true }, { name: "u", authProvider });
    const clock = systemClock();
    const tokens = ["first\n", "second\n"];
    const credentials = createCredentialSource({ kube, clock, readFile: async () => tokens.shift() ?? "none" });
    const instruments = createInstruments(noMetrics());
    const transport = createTransport({ credentials, pool: createConnectionPool(), userAgent: "t", clock, random: () => 0, instruments });
    await transport.send({ verb: "get", path: "/api" });
    await transport.send({ verb: "get", path: "/api" });
    expect(seen).toEqual(["Bearer first", accepted, accepted]);
    await transport.close();
    http.close();
  });
});
