import { describe, expect, it } from "vitest";
import type { KubeClient } from "../client/kube-client.js";
import { Widgets } from "../testing/widgets.js";
import { guardWrites } from "./guard-writes.js";

const methods = ["get", "list", "create", "createSubresource", "apply", "applyStatus", "patch", "patchStatus", "delete"] as const;

describe("a guarded client", () => {
  it.each(methods)("%s passes while it may, and only reads pass when it may not", async (method) => {
    const calls: string[] = [];
    const client = Object.fromEntries(methods.map((name) => [name, async () => void calls.push(name)])) as unknown as KubeClient;
    let over = false;
    const guarded = guardWrites(client, () => {
      if (over) throw new Error("the term is over");
    });
    const call = guarded[method] as (...args: unknown[]) => Promise<unknown>;
    await call(Widgets, {});
    over = true;
    const refused = await call(Widgets, {}).then(
      () => false,
      () => true,
    );
    const reads = method === "get" || method === "list";
    expect([refused, calls]).toEqual(reads ? [false, [method, method]] : [true, [method]]);
  });
});
