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

  it("is the other's when two operators start at once: one writes, the other comes again", async () => {
    const memory = new MemoryClient();
    const outcomes = await Promise.allSettled([ensureHubIdentity(memory.client, "ns", log), ensureHubIdentity(memory.client, "ns", log)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const identity = await ensureHubIdentity(memory.client, "ns", log);
    expect(outcomes).toContainEqual({ status: "fulfilled", value: identity });
  });

  it("is not taken from a Secret that somebody else has just put right", async () => {
    const memory = new MemoryClient();
    await ensureHubIdentity(memory.client, "ns", log);
    const bad = { ...memory.objects.get(secretId), metadata: { name: "meridian-hub-tls", namespace: "ns", uid: "bad" }, data: {} };
    memory.objects.set(secretId, bad as never);
    memory.beforeDelete = () => memory.objects.set(secretId, { ...bad, metadata: { ...bad.metadata, uid: "good" } } as never);
    await expect(ensureHubIdentity(memory.client, "ns", log)).rejects.toMatchObject({ reason: "Conflict" });
  });
});
