import { getEventListeners } from "node:events";
import { describe, expect, it, vi } from "vitest";
import type { KubeClient } from "../client/kube-client.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { ObjectStore } from "../store/object-store.js";
import { createManualClock } from "../testing/manual-clock.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { type Widget, Widgets } from "../testing/widgets.js";
import { recordOwnWrites } from "./own-writes.js";

describe("the wait for own writes", () => {
  it.each<[string, (version: string, term: AbortController, show: () => void) => void, boolean]>([
    ["seen", (_version, _term, show) => show(), true],
    ["over", () => {}, false],
    ["aborted", (_version, term) => term.abort(), false],
  ])("leaves nothing behind at a signal that lives as long as a term, when they are %s", async (_end, happen, expected) => {
    const any = vi.spyOn(AbortSignal, "any");
    const clock = createManualClock();
    const store = new ObjectStore<Widget>(Widgets, { log: createRecordingLog(), instruments: createInstruments(noMetrics()) });
    const object = { apiVersion: "test.io/v1", kind: "Widget", metadata: { name: "a", namespace: "ns", uid: "u", resourceVersion: "7" } };
    const client = { apply: async () => object } as unknown as KubeClient;
    const term = new AbortController();
    const writes = recordOwnWrites(client, () => store, clock);
    await writes.client.apply(Widgets, object);
    const settled = writes.settle(1_000, term.signal);
    await clock.advance(0);
    expect(getEventListeners(term.signal, "abort")).toHaveLength(1);
    happen("7", term, () => store.ingest({ kind: "changed", object }));
    await clock.advance(1_000);
    expect(await settled).toBe(expected);
    expect(getEventListeners(term.signal, "abort")).toEqual([]);
    expect(clock.pending).toBe(0);
    // Node 20 keeps some 70 bytes per call of it at each of its sources, for as long as they live.
    expect(any).not.toHaveBeenCalled();
    any.mockRestore();
  });
});
