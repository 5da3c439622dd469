import { describe, expect, it } from "vitest";
import { Widgets } from "../testing/fake-api-server.js";
import { ownerKey } from "./owner-key.js";

const owner = { apiVersion: "test.io/v1", kind: "Widget", name: "parent", uid: "u", controller: true };

describe("owner of a child", () => {
  it.each([
    ["is the one that controls it", owner, ["ns/parent"]],
    ["is found across versions of its type", { ...owner, apiVersion: "test.io/v1alpha1" }, ["ns/parent"]],
    ["is not somebody who merely owns it", { ...owner, controller: false }, []],
    ["is not another kind", { ...owner, kind: "Gadget" }, []],
    ["is not the same kind of another group", { ...owner, apiVersion: "other.io/v1" }, []],
    ["is not a kind of the core group", { ...owner, apiVersion: "v1" }, []],
  ])("%s", (_sentence, reference, keys) => {
    const child = { apiVersion: "v1", kind: "Pod", metadata: { name: "c", namespace: "ns", ownerReferences: [reference] } };
    expect(ownerKey(Widgets, child)).toEqual(keys);
  });

  it("of cluster scope is named without the namespace of the child", () => {
    const child = { apiVersion: "v1", kind: "Pod", metadata: { name: "c", namespace: "ns", ownerReferences: [owner] } };
    expect(ownerKey({ ...Widgets, namespaced: false }, child)).toEqual(["parent"]);
  });
});
