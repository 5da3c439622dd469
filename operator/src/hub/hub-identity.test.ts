import { describe, expect, it } from "vitest";
import { MemoryClient } from "../testing/memory-client.js";
import { type HubCertificates, makeHubCertificates } from "./certificates.js";
import { HubIdentity } from "./hub-identity.js";

const warned: object[] = [];
const log = { debug: () => undefined, info: () => undefined, error: () => undefined, warn: (fields: object) => void warned.push(fields) };
const secretId = "secrets.v1/ns/meridian-hub-tls";
const mapId = "configmaps.v1/ns/meridian-hub-ca";
const policy = { lifetimeMs: 86_400_000, overlapMs: 600_000 };

/** Replicas over one cluster whose clock stands where the test puts it. */
class Cluster {
  readonly memory = new MemoryClient();
  now = new Date("2026-01-01T00:00:00Z");

  replica(): HubIdentity {
    return new HubIdentity({
      client: this.memory.client,
      namespace: "ns",
      policy,
      log,
      date: () => this.now,
      now: () => this.now.getTime(),
    });
  }

  wait(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** PEM that agents trust. */
  get authorities(): string {
    return (this.memory.objects.get(mapId)?.["data"] as Record<string, string> | undefined)?.["ca.crt"] ?? "";
  }

  editSecret(edit: (secret: { data: Record<string, string>; metadata: { annotations: Record<string, string> } }) => void): void {
    const secret = structuredClone(this.memory.objects.get(secretId)) as never;
    edit(secret);
    this.memory.objects.set(secretId, secret);
  }
}

describe("the hub's identity", () => {
  it("is made once, published for the agents by the leader, and kept over restarts", async () => {
    const cluster = new Cluster();
    const first = await cluster.replica().ensure(false);
    expect(cluster.authorities).toBe("");
    expect(await cluster.replica().ensure(true)).toEqual(first);
    expect(cluster.authorities).toBe(first.authority);
    expect(JSON.stringify(cluster.memory.objects.get(mapId))).not.toContain("PRIVATE");
  });

  it("is made anew when the Secret cannot be used, and says so without showing it", async () => {
    const cluster = new Cluster();
    const first = await cluster.replica().ensure(true);
    const { key } = await makeHubCertificates();
    cluster.editSecret(({ data }) => (data["tls.key"] = Buffer.from(key).toString("base64")));
    warned.length = 0;
    const second = await cluster.replica().ensure(true);
    expect(second.authority).not.toBe(first.authority);
    expect(cluster.authorities).toBe(second.authority);
    expect(warned).toEqual([expect.objectContaining({ code: "MER_HUB_CERTIFICATE" })]);
    expect(JSON.stringify(warned)).not.toContain("PRIVATE");
  });

  it("stays as it is on a replica that does not lead, whatever happens to the Secret", async () => {
    const cluster = new Cluster();
    const standby = cluster.replica();
    const first = await standby.ensure(false);
    cluster.editSecret(({ data }) => (data["tls.key"] = ""));
    expect(await standby.ensure(false)).toEqual(first);
    cluster.memory.objects.delete(secretId);
    expect(await standby.ensure(false)).toEqual(first);
    expect(cluster.memory.objects.has(secretId)).toBe(false);
    const second = await cluster.replica().ensure(true);
    expect(await standby.ensure(false)).toEqual(second);
  });

  it("is written back by a leader that has it, when somebody's edit broke the Secret", async () => {
    const cluster = new Cluster();
    const leader = cluster.replica();
    const first = await leader.ensure(true);
    cluster.editSecret(({ data }) => (data["tls.crt"] = ""));
    expect(await leader.ensure(true)).toEqual(first);
    expect(await cluster.replica().ensure(false)).toEqual(first);
  });

  it("is made anew by a leader when somebody deletes the Secret", async () => {
    const cluster = new Cluster();
    const leader = cluster.replica();
    const first = await leader.ensure(true);
    cluster.memory.objects.delete(secretId);
    expect((await leader.ensure(true)).authority).not.toBe(first.authority);
  });

  it("is the other's when two operators start at once: one writes, the other comes again", async () => {
    const cluster = new Cluster();
    const outcomes = await Promise.allSettled([cluster.replica().ensure(false), cluster.replica().ensure(false)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes).toContainEqual({ status: "fulfilled", value: await cluster.replica().ensure(false) });
  });

  it("is not taken from a Secret that somebody else has just put right", async () => {
    const cluster = new Cluster();
    await cluster.replica().ensure(true);
    const bad = { ...cluster.memory.objects.get(secretId), metadata: { name: "meridian-hub-tls", namespace: "ns", uid: "bad" }, data: {} };
    cluster.memory.objects.set(secretId, bad as never);
    cluster.memory.beforeDelete = () =>
      cluster.memory.objects.set(secretId, { ...bad, metadata: { ...bad.metadata, uid: "good" } } as never);
    await expect(cluster.replica().ensure(true)).rejects.toMatchObject({ reason: "Conflict" });
  });

  it("is replaced in three steps, so that no agent meets an authority that it was not given for the whole overlap", async () => {
    const cluster = new Cluster();
    const leader = cluster.replica();
    const old = await leader.ensure(true);
    const looks: { readonly serving: HubCertificates; readonly trusted: string }[] = [];
    const look = async (ms: number) => {
      cluster.wait(ms);
      looks.push({ serving: await leader.ensure(true), trusted: cluster.authorities });
    };
    await look(policy.lifetimeMs - 1);
    await look(1);
    await look(policy.overlapMs - 1);
    await look(1);
    await look(policy.overlapMs - 1);
    await look(1);
    const [before, announced, waiting, serving, overlapping, retired] = looks;
    const next = retired?.serving;
    expect(before).toEqual({ serving: old, trusted: old.authority });
    expect(next?.authority).not.toBe(old.authority);
    expect(announced).toEqual({ serving: old, trusted: `${old.authority}\n${next?.authority ?? ""}` });
    expect(waiting).toEqual(announced);
    expect(serving).toEqual({ serving: next, trusted: `${next?.authority ?? ""}\n${old.authority}` });
    expect(overlapping).toEqual(serving);
    expect(retired).toEqual({ serving: next, trusted: next?.authority });
    expect(await cluster.replica().ensure(false)).toEqual(next);
  });

  it("is replaced when a user asks for it, once", async () => {
    const cluster = new Cluster();
    const leader = cluster.replica();
    const old = await leader.ensure(true);
    cluster.editSecret(({ metadata }) => (metadata.annotations["time.meridian.io/rotate"] = "now"));
    for (const ms of [0, policy.overlapMs, policy.overlapMs, policy.overlapMs, policy.overlapMs]) {
      cluster.wait(ms);
      await leader.ensure(true);
    }
    const now = await leader.ensure(true);
    expect(now.authority).not.toBe(old.authority);
    expect(cluster.authorities).toBe(now.authority);
  });

  it("waits the overlap out again when the leader died before it had published the next authority", async () => {
    const cluster = new Cluster();
    const leader = cluster.replica();
    const old = await leader.ensure(true);
    cluster.wait(policy.lifetimeMs);
    await leader.ensure(true);
    const map = cluster.memory.objects.get(mapId);
    cluster.memory.objects.set(mapId, { ...map, data: { "ca.crt": old.authority } } as never);
    cluster.wait(policy.overlapMs * 10);
    const next = cluster.replica();
    expect(await next.ensure(true)).toEqual(old);
    await next.ensure(true);
    cluster.wait(policy.overlapMs - 1);
    expect(await next.ensure(true)).toEqual(old);
    cluster.wait(1);
    expect((await next.ensure(true)).authority).not.toBe(old.authority);
  });

  it("comes from cert-manager when the Secret is its own, and is never replaced then", async () => {
    const cluster = new Cluster();
    const given = await cluster.replica().ensure(true);
    cluster.editSecret(({ metadata }) => (metadata.annotations["cert-manager.io/certificate-name"] = "hub"));
    cluster.wait(policy.lifetimeMs * 2);
    const leader = cluster.replica();
    expect(await leader.ensure(true)).toEqual(given);
    cluster.editSecret(({ data }) => (data["tls.crt"] = ""));
    expect(await leader.ensure(true)).toEqual(given);
    await expect(cluster.replica().ensure(true)).rejects.toThrow("cert-manager");
    expect(cluster.memory.objects.has(secretId)).toBe(true);
  });

  it("is published again when somebody edits the ConfigMap", async () => {
    const cluster = new Cluster();
    const leader = cluster.replica();
    const { authority } = await leader.ensure(true);
    cluster.memory.objects.delete(mapId);
    await leader.ensure(true);
    expect(cluster.authorities).toBe(authority);
  });
});
