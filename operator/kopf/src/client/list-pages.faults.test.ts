import { describe, expect, it } from "vitest";
import { Widgets } from "../testing/widgets.js";
import type { Transport } from "../transport/transport.js";
import { listPages } from "./list-pages.js";

const answering = (answer: unknown): Transport => ({
  send: () => Promise.resolve(answer),
  stream: () => Promise.reject(new Error("no stream")),
  close: () => Promise.resolve(),
});

describe("a list", () => {
  it.each<[string, unknown]>([
    ["a Status", { kind: "Status", metadata: {}, status: "Success" }],
    ["nothing", null],
    ["a list without a version", { metadata: {}, items: [] }],
    ["a list with an empty version", { metadata: { resourceVersion: "" }, items: [] }],
    ["something without items", { metadata: { resourceVersion: "7" } }],
    ["items that are no objects", { metadata: { resourceVersion: "7" }, items: [{ metadata: {} }] }],
    ["a proxy's own words", { message: "please log in" }],
  ])("refuses to take %s for an empty list", async (_name, answer) => {
    await expect(listPages(answering(answer), Widgets).next()).rejects.toMatchObject({ code: "KOPF_LIST_MALFORMED" });
  });

  it("takes null for no items, as Go writes it", async () => {
    const page = await listPages(answering({ metadata: { resourceVersion: "7" }, items: null }), Widgets).next();
    expect(page.value).toEqual({ items: [], resourceVersion: "7" });
  });
});
