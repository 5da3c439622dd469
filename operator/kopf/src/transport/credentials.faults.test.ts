import { KubeConfig } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { systemClock } from "../clock/clock.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { startFakeApiServer } from "../testing/fake-api-server.js";
import { createConnectionPool } from "./connection-pool.js";
import { createCredentialSource } from "./credentials.js";
import { createTransport } from "./transport.js";

describe("credentials", () => {
  it("are read anew after a connection failed, since certificates are replaced while nobody is told", async () => {
    const server = await startFakeApiServer();
    const kube = new KubeConfig();
    const authProvider = { name: "tokenFile", config: { tokenFile: import.meta.filename } };
    kube.loadFromClusterAndUser({ name: "c", server: server.url, skipTLSVerify: true }, { name: "u", authProvider });
    let readings = 0;
    const clock = systemClock();
    const credentials = createCredentialSource({ kube, clock, readFile: async () => `token-${++readings}` });
    const instruments = createInstruments(noMetrics());
    const transport = createTransport({ credentials, pool: createConnectionPool(), userAgent: "t", clock, random: () => 0, instruments });
    const ask = () => transport.send({ verb: "list", path: "/apis/test.io/v1/widgets" });
    await ask();
    await ask();
    expect(readings).toBe(1);
    await server.refuseConnections();
    await expect(ask()).rejects.toMatchObject({ code: "KOPF_TRANSPORT_FAILED" });
    await server.acceptConnections();
    await ask();
    expect(readings).toBeGreaterThan(1);
    await transport.close();
    await server.close();
  });
});
