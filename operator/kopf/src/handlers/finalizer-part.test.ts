import { describe, expect, it } from "vitest";
import { collectGarbage } from "../testing/collect-garbage.js";
import { type Widget, Widgets } from "../testing/widgets.js";
import type { HandlerContext } from "./app.js";
import { createFinalizerPart } from "./finalizer-part.js";

const finalizer = "test.io/cleanup";

function aDyingWidget(): Widget {
  const metadata = { name: "a", namespace: "ns", uid: "u", resourceVersion: "1", finalizers: [finalizer], deletionTimestamp: "now" };
  return { apiVersion: "test.io/v1", kind: "Widget", metadata };
}

describe("the part of a deletion handler with a finalizer", () => {
  it.each(["its removal is answered", "it gives up"])("keeps nothing of an object that went before %s", async (end) => {
    const part = createFinalizerPart({ type: Widgets, handler: async () => {}, finalizer }, finalizer, "p");
    const work = async (): Promise<WeakRef<Widget>> => {
      const object = aDyingWidget();
      const job = part.nextJob("ns/a", object);
      const goes = (): void => void part.observe({ key: "ns/a", current: undefined, previous: object, origin: "live" }, true);
      const client = { get: async () => object, patch: async () => goes() };
      if (end === "it gives up") {
        goes();
        job?.giveUp();
      } else await job?.run({ key: "ns/a", object, client } as unknown as HandlerContext<Widget>);
      expect(part.nextJob("ns/a", object), "the same state again").toBeUndefined();
      return new WeakRef(object);
    };
    const kept = await work();
    await collectGarbage();
    expect(kept.deref()).toBeUndefined();
  });
});
