import { once } from "node:events";
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { Counter, Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { type Health, type ProbeServer, startProbeServer } from "./probe-server.js";

let server: ProbeServer | null = null;
afterEach(() => server?.close());

async function ask(path: string, health: Partial<Health> = {}, method = "GET"): Promise<[number, string]> {
  const registry = new Registry();
  new Counter({ name: "meridian_test_total", help: "a test", registers: [registry] }).inc();
  server = await startProbeServer("127.0.0.1:0", registry, { healthy: () => null, ready: () => null, ...health });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return [response.status, await response.text()];
}

test.each([
  ["/healthz", {}, 200, "ok\n"],
  ["/healthz", { healthy: () => "the engine has not run for 20 s" }, 503, "the engine has not run for 20 s\n"],
  ["/readyz?verbose", { ready: () => null }, 200, "ok\n"],
  ["/readyz", { ready: () => "no configuration yet" }, 503, "no configuration yet\n"],
  ["/", {}, 404, "/healthz, /readyz or /metrics\n"],
])("%s with %o answers %i", async (path, health, status, body) => {
  expect(await ask(path, health)).toEqual([status, body]);
});

test("serves the metrics", async () => {
  const [status, body] = await ask("/metrics");
  expect(status).toBe(200);
  expect(body).toContain("meridian_test_total 1");
});

test("answers HEAD without a body and refuses to change anything", async () => {
  expect(await ask("/healthz", {}, "HEAD")).toEqual([200, ""]);
  server?.close();
  expect((await ask("/healthz", {}, "POST"))[0]).toBe(405);
});

test("an address that is taken is a failure with its code and its name", async () => {
  await ask("/healthz");
  const taken = `127.0.0.1:${server?.port ?? 0}`;
  await expect(startProbeServer(taken, new Registry(), { healthy: () => null, ready: () => null })).rejects.toMatchObject({
    code: "MER_AGENT_HTTP_ADDRESS",
    message: expect.stringContaining(taken),
  });
});

test.each([
  ["silent", ""],
  ["talking", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"],
])("as many %s connections as it takes keep no probe out", async (_what, request) => {
  server = await startProbeServer("127.0.0.1:0", new Registry(), { healthy: () => null, ready: () => null });
  const { port } = server;
  const others: Socket[] = [];
  try {
    for (let count = 0; count < 80; count += 1) {
      const socket = connect(port, "127.0.0.1")
        .on("error", () => undefined)
        .resume();
      others.push(socket);
      await once(socket, "connect");
      socket.write(request);
    }
    // On a connection of its own, as the kubelet makes one: fetch would use an open one again.
    const answer = (): Promise<number | null> =>
      new Promise((resolve) => {
        get({ host: "127.0.0.1", port, path: "/healthz", agent: false }, (response) => resolve(response.resume().statusCode ?? null)).on(
          "error",
          () => resolve(null),
        );
      });
    for (let probes = 0; probes < 10; probes += 1) expect(await answer()).toBe(200);
    expect(others.filter(({ destroyed, readyState }) => !destroyed && readyState === "open").length).toBeLessThanOrEqual(64);
  } finally {
    for (const socket of others) socket.destroy();
  }
});
