import { describe, expect, it } from "vitest";
import type { ResourceType } from "../object/kube-object.js";
import { Widgets } from "../testing/fake-api-server.js";
import type { Transport, TransportRequest } from "../transport/transport.js";
import { createClient } from "./create-client.js";

const ServiceAccounts: ResourceType = { group: "", version: "v1", plural: "serviceaccounts", kind: "ServiceAccount", namespaced: true };
const Nodes: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
const TokenReviews: ResourceType = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "tokenreviews",
  kind: "TokenReview",
  namespaced: false,
};

function aClient(...answers: unknown[]) {
  const sent: TransportRequest[] = [];
  const transport: Transport = {
    send: async (request) => (sent.push(request), answers.shift() ?? {}),
    stream: () => Promise.reject(new Error("not here")),
    close: async () => {},
  };
  return { client: createClient(transport, "me"), sent };
}

const ref = { name: "a", namespace: "ns" };

describe("client", () => {
  it("applies with its field manager, takes fields over, and fills in type and version", async () => {
    const { client, sent } = aClient();
    await client.apply(Widgets, { metadata: ref, spec: { size: 1 } });
    expect(sent[0]).toMatchObject({
      verb: "apply",
      path: "/apis/test.io/v1/namespaces/ns/widgets/a",
      query: { fieldManager: "me", force: "true" },
      contentType: "application/apply-patch+yaml",
      body: { apiVersion: "test.io/v1", kind: "Widget", spec: { size: 1 } },
    });
  });

  it("keeps status writes apart from writes of the object", async () => {
    const { client, sent } = aClient();
    await client.applyStatus(Widgets, { metadata: ref, status: {} }, { force: false, fieldManager: "other", dryRun: true });
    await client.patchStatus(Widgets, ref, { kind: "merge", patch: { status: {} } });
    await client.patch(Widgets, ref, { kind: "json", patch: [{ op: "remove", path: "/spec/text" }] });
    expect(sent.map(({ path, contentType, query }) => [path.split("/widgets/")[1], contentType, query])).toEqual([
      ["a/status", "application/apply-patch+yaml", { fieldManager: "other", force: "false", dryRun: "All" }],
      ["a/status", "application/merge-patch+json", { fieldManager: "me", dryRun: undefined }],
      ["a", "application/json-patch+json", { fieldManager: "me", dryRun: undefined }],
    ]);
  });

  it("addresses the core group, cluster scope, subresources and types that are only created", async () => {
    const { client, sent } = aClient();
    await client.get(Nodes, { name: "n1" });
    await client.createSubresource(ServiceAccounts, ref, "token", { spec: {} });
    await client.create(TokenReviews, { metadata: {}, spec: { token: "t" } });
    await client.get(Nodes, { name: "odd/name" });
    expect(sent.map(({ path }) => path)).toEqual([
      "/api/v1/nodes/n1",
      "/api/v1/namespaces/ns/serviceaccounts/a/token",
      "/apis/authentication.k8s.io/v1/tokenreviews",
      "/api/v1/nodes/odd%2Fname",
    ]);
  });

  it("refuses to address a namespaced object without its namespace, which would mean something else", async () => {
    const { client, sent } = aClient();
    await expect(client.get(Widgets, { name: "a" })).rejects.toMatchObject({ code: "KOPF_CONFIG_INVALID" });
    await expect(client.delete(Widgets, { name: "", namespace: "ns" })).rejects.toMatchObject({ code: "KOPF_CONFIG_INVALID" });
    expect(sent).toEqual([]);
  });

  it("lists all pages as one answer, also the empty one that Go writes as null", async () => {
    const { client, sent } = aClient(
      { items: [{ metadata: { name: "a" } }], metadata: { resourceVersion: "5", continue: "next" } },
      { items: [{ metadata: { name: "b" } }], metadata: { resourceVersion: "5" } },
      { items: null, metadata: { resourceVersion: "6" } },
    );
    expect(await client.list(Widgets, { labelSelector: "x=y", pageSize: 1 })).toEqual({
      items: [{ metadata: { name: "a" } }, { metadata: { name: "b" } }],
      resourceVersion: "5",
    });
    expect(sent.map(({ query }) => [query?.["limit"], query?.["continue"], query?.["labelSelector"]])).toEqual([
      ["1", undefined, "x=y"],
      ["1", "next", "x=y"],
    ]);
    expect(await client.list(Widgets)).toEqual({ items: [], resourceVersion: "6" });
  });

  it("tells a deletion that is done from one that waits for finalizers", async () => {
    const terminating = { kind: "Widget", metadata: { ...ref, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    const { client } = aClient({ kind: "Status", details: { uid: "u" } }, terminating, { kind: "Widget", metadata: { ...ref, uid: "v" } });
    expect(await client.delete(Widgets, ref)).toEqual({ kind: "gone", uid: "u" });
    expect(await client.delete(Widgets, ref)).toEqual({ kind: "terminating", object: terminating });
    expect(await client.delete(Widgets, ref)).toEqual({ kind: "gone", uid: "v" });
  });
});
