import { describe, expect, it } from "vitest";
import type { ObjectMeta } from "../object/kube-object.js";
import type { StoreChange } from "../store/store-reader.js";
import { laneOfChange } from "./lane-of-change.js";

const object = (metadata: Partial<ObjectMeta>) => ({ apiVersion: "v1", kind: "X", metadata: { name: "a", generation: 1, ...metadata } });
const live = (
  current: Partial<ObjectMeta> | undefined,
  previous: Partial<ObjectMeta> | undefined,
): StoreChange<ReturnType<typeof object>> => ({
  key: "a",
  origin: "live",
  current: current && object(current),
  previous: previous && object(previous),
});

describe("lane of a change", () => {
  it.each([
    ["a new object", live({}, undefined), "edit"],
    ["a deleted object", live(undefined, {}), "edit"],
    ["a new spec", live({ generation: 2 }, {}), "edit"],
    ["the wish to delete", live({ deletionTimestamp: "now" }, {}), "edit"],
    ["a label", live({ labels: { a: "b" } }, {}), "edit"],
    ["an annotation taken away", live({}, { annotations: { a: "b" } }), "edit"],
    ["a status", live({ resourceVersion: "2" }, { resourceVersion: "1" }), "derived"],
    ["anything found by reading everything anew", { ...live({ generation: 2 }, {}), origin: "snapshot" as const }, "resync"],
  ])("%s", (_what, change, lane) => {
    expect(laneOfChange(change)).toBe(lane);
  });
});
