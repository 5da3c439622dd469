import { describe, expect, it } from "vitest";
import { MemoryClient } from "../testing/memory-client.js";
import { ensureHubIdentity } from "./hub-identity.js";

const warned: object[] = [];
const log = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (fields: object) => void warned.push(fields) };
const secretId = "secrets.v1/ns/meridian-hub-tls";
const mapId = "configmaps.v1/ns/meridian-hub-ca";

describe("the hub's identity", () => {
  it("is made once, published for the agents, and kept over restarts", async () => {
    const memory = new MemoryClient();
    const first = await ensureHubIdentity(memory.client, "ns", log);
    expect(memory.objects.get(mapId)?.["data"]).toEqual({ "ca.crt": first.authority });
    expect(JSON.stringify(memory.objects.get(mapId))).not.toContain("PRIVATE");
    expect(await ensureHubIdentity(memory.client, "ns", log)).toEqual(first);
  });

  it("is made anew when the Secret cannot be used, and says so without showing it", async () => {
    const memory = new MemoryClient();
    const first = await ensureHubIdentity(memory.client, "ns", log);
    const secret = memory.objects.get(secretId);
    const key = (await ensureHubIdentity(new MemoryClient().client, "ns", log)).key;
    memory.objects.set(secretId, {
      ...secret,
      data: { ...(secret?.["data"] as object), "tls.key": Buffer.from(key).toString("base64") },
    } as never);
    warned.length = 0;
    const second = await ensureHubIdentity(memory.client, "ns", log);
    expect(second.authority).not.toBe(first.authority);
    expect(warned).toEqual([expect.objectContaining({ code: "MER_HUB_CERTIFICATE" })]);
    expect(JSON.stringify(warned)).not.toContain("PRIVATE");
  });

  it("is the other's when two operators start at once", async () => {
    const memory = new MemoryClient();
    const [one, two] = await Promise.all([ensureHubIdentity(memory.client, "ns", log), ensureHubIdentity(memory.client, "ns", log)]);
    expect(one).toEqual(two);
    expect(memory.objects.get(mapId)?.["data"]).toEqual({ "ca.crt": one.authority });
  });
});
