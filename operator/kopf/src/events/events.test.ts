import { describe, expect, it } from "vitest";
import type { KubeClient } from "../client/kube-client.js";
import { ApiError, KopfError } from "../errors.js";
import { createInstruments } from "../metrics/metrics.js";
import type { KubeObject, ResourceType } from "../object/kube-object.js";
import { createManualClock } from "../testing/manual-clock.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { createRecordingMetrics } from "../testing/recording-metrics.js";
import { Widgets } from "../testing/widgets.js";
import { createEventRecorder } from "./create-event-recorder.js";
import type { EventToRecord } from "./event-recorder.js";

const Nodes: ResourceType = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };

interface Sent {
  readonly verb: "create" | "patch";
  readonly name: string;
  readonly body: {
    readonly metadata?: { readonly name: string; readonly namespace: string };
    readonly regarding?: object;
    readonly note?: string;
    readonly series?: { readonly count: number; readonly lastObservedTime: string };
  };
}

const widget = (name = "a", uid = `uid-${name}`): KubeObject => ({
  apiVersion: "test.io/v1",
  kind: "Widget",
  metadata: { name, namespace: "ns", uid, resourceVersion: "7" },
});
const changed: EventToRecord = { type: "Normal", reason: "SourceChanged", action: "Select", note: "from A to B" };

function aRecorder() {
  const clock = createManualClock();
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const sent: Sent[] = [];
  /** Met by the next requests, one each; `stall` never answers. */
  const fates: (Error | "stall")[] = [];
  const answer = async (request: Sent): Promise<KubeObject> => {
    const fate = fates.shift();
    if (fate === "stall") return new Promise(() => {});
    if (fate !== undefined) throw fate;
    sent.push(request);
    return widget();
  };
  const client = {
    create: (_type: unknown, body: Sent["body"]) => answer({ verb: "create", name: body.metadata?.name ?? "", body }),
    patch: (_type: unknown, { name }: { name: string }, { patch }: { patch: Sent["body"] }) => answer({ verb: "patch", name, body: patch }),
  } as unknown as KubeClient;
  const recorder = createEventRecorder({
    client,
    reporter: { controller: "test-operator", instance: "pod-1" },
    clock,
    random: () => 0.5,
    log,
    instruments: createInstruments(metrics),
  });
  const dropped = (reason: string): number => metrics.value("events_dropped_total", { reason });
  return { clock, dropped, fates, log, recorder, sent };
}

describe("an event", () => {
  it("is written as the API server wants it", async () => {
    const { clock, recorder, sent } = aRecorder();
    recorder.record(Widgets, widget(), changed);
    await clock.advance(10);
    expect(sent).toEqual([
      {
        verb: "create",
        name: "a.8000000080000000",
        body: {
          metadata: { name: "a.8000000080000000", namespace: "ns" },
          eventTime: "1970-01-01T00:00:00.000000Z",
          reportingController: "test-operator",
          reportingInstance: "pod-1",
          regarding: { apiVersion: "test.io/v1", kind: "Widget", name: "a", namespace: "ns", uid: "uid-a", resourceVersion: "7" },
          ...changed,
        },
      },
    ]);
  });

  it("about something of the whole cluster lives in the namespace default, under a name that is allowed", async () => {
    const { clock, recorder, sent } = aRecorder();
    recorder.record(Nodes, { apiVersion: "v1", kind: "Node", metadata: { name: "system:odd", uid: "u" } }, changed);
    await clock.advance(10);
    expect(sent[0]?.body.metadata).toEqual({ name: "node.8000000080000000", namespace: "default" });
  });

  it.each([
    ["control characters", "red \u001b[31m\nalarm\u0000", "red [31m alarm"],
    ["more than a kilobyte", "é".repeat(600), "é".repeat(512)],
    ["a character that would be cut in two", `${"x".repeat(1022)}é€`, `${"x".repeat(1022)}é`],
  ])("loses %s", async (_sentence, note, kept) => {
    const { clock, recorder, sent } = aRecorder();
    recorder.record(Widgets, widget(), { ...changed, note });
    await clock.advance(10);
    expect(sent[0]?.body.note).toBe(kept);
  });

  it("becomes a series with its second occurrence, further ones are only counted, and the last count is written when it is over", async () => {
    const { clock, recorder, sent } = aRecorder();
    for (let occurrence = 0; occurrence < 10; occurrence++) {
      recorder.record(Widgets, widget(), changed);
      await clock.advance(10_000);
    }
    expect(sent.map(({ verb, body }) => [verb, body.series?.count])).toEqual([
      ["create", undefined],
      ["patch", 2],
    ]);
    expect(sent[1]?.name).toBe(sent[0]?.name);
    await clock.advance(480_000);
    expect(sent[2]?.body).toEqual({ series: { count: 10, lastObservedTime: "1970-01-01T00:01:30.000000Z" } });
    recorder.record(Widgets, widget(), changed);
    await clock.advance(10);
    expect(sent.map(({ verb }) => verb)).toEqual(["create", "patch", "patch", "create"]);
    await clock.advance(480_000);
    expect(clock.pending).toBe(0);
  });

  it("that goes on for hours is written every half an hour", async () => {
    const { clock, recorder, sent } = aRecorder();
    for (let minute = 0; minute < 120; minute++) {
      recorder.record(Widgets, widget(), changed);
      await clock.advance(60_000);
    }
    expect(sent.length).toBeGreaterThanOrEqual(5);
    expect(sent.length).toBeLessThanOrEqual(6);
  });

  it("is told once with the number of its occurrences when they were faster than the API server", async () => {
    const { clock, recorder, sent } = aRecorder();
    for (let occurrence = 0; occurrence < 3; occurrence++) recorder.record(Widgets, widget(), changed);
    await clock.advance(10);
    expect(sent.map(({ verb, body }) => [verb, body.series?.count])).toEqual([["create", 3]]);
  });

  it("with another note is another event, because the note of an event cannot be changed", async () => {
    const { clock, recorder, sent } = aRecorder();
    recorder.record(Widgets, widget(), changed);
    recorder.record(Widgets, widget(), { ...changed, note: "from B to A" });
    recorder.record(Widgets, widget("a", "its successor"), changed);
    await clock.advance(10);
    expect(sent.map(({ body }) => body.note)).toEqual(["from A to B", "from B to A", "from A to B"]);
  });

  it("that has expired is written anew", async () => {
    const { clock, fates, recorder, sent } = aRecorder();
    recorder.record(Widgets, widget(), changed);
    await clock.advance(10);
    fates.push(new ApiError("expired", { status: 404, reason: "NotFound" }));
    recorder.record(Widgets, widget(), changed);
    await clock.advance(10);
    expect(sent.map(({ verb, body }) => [verb, body.series?.count])).toEqual([
      ["create", undefined],
      ["create", 2],
    ]);
  });
});

describe("too many events", () => {
  it("of one object are dropped and counted after a burst, until one more is allowed every five minutes", async () => {
    const { clock, dropped, recorder, sent } = aRecorder();
    const say = (number: number): void => recorder.record(Widgets, widget(), { ...changed, note: `${number}` });
    for (let number = 0; number < 30; number++) say(number);
    recorder.record(Widgets, widget("b"), changed);
    await clock.advance(1_000);
    expect([sent.length, dropped("object_rate")]).toEqual([26, 5]);
    await clock.advance(300_000);
    say(31);
    say(32);
    await clock.advance(1_000);
    expect([sent.length, dropped("object_rate")]).toEqual([27, 6]);
  });

  it("of all objects together leave at ten per second after a burst of a hundred", async () => {
    const { clock, recorder, sent } = aRecorder();
    for (let number = 0; number < 150; number++) recorder.record(Widgets, widget(`w${number}`), changed);
    await clock.advance(1_000);
    expect(sent.length).toBeGreaterThanOrEqual(100);
    expect(sent.length).toBeLessThanOrEqual(111);
    await clock.advance(5_000);
    expect(sent).toHaveLength(150);
  });

  it("that wait take no more memory than a thousand, and nobody's time", async () => {
    const { clock, dropped, fates, recorder } = aRecorder();
    fates.push("stall");
    recorder.record(Widgets, widget("first"), changed);
    await clock.advance(10);
    for (let number = 0; number < 1_200; number++) recorder.record(Widgets, widget(`w${number}`), changed);
    expect(dropped("queue_full")).toBe(200);
  });
});

describe("events and a server that refuses them", () => {
  it("are tried again when it is overloaded", async () => {
    const { clock, fates, recorder, sent } = aRecorder();
    fates.push(new ApiError("later", { status: 503, reason: "" }), new KopfError("KOPF_TRANSPORT_FAILED", "reset"));
    recorder.record(Widgets, widget(), changed);
    await clock.advance(10_000);
    expect(sent).toHaveLength(1);
  });

  it("are dropped when it does not come back", async () => {
    const { clock, dropped, fates, recorder, sent } = aRecorder();
    for (let attempt = 0; attempt < 5; attempt++) fates.push(new ApiError("later", { status: 503, reason: "" }));
    recorder.record(Widgets, widget(), changed);
    await clock.advance(60_000);
    expect([sent.length, dropped("failed")]).toEqual([0, 1]);
  });

  it("are refused with one line per reason, and all of them counted", async () => {
    const { clock, dropped, fates, log, recorder } = aRecorder();
    for (let number = 0; number < 3; number++) fates.push(new ApiError("terminating", { status: 403, reason: "Forbidden" }));
    fates.push(new ApiError("no such namespace", { status: 404, reason: "NotFound" }));
    for (let number = 0; number < 4; number++) recorder.record(Widgets, widget(`w${number}`), changed);
    await clock.advance(1_000);
    expect(log.lines.map(({ fields }) => fields["code"])).toEqual(["KOPF_API_FORBIDDEN", "KOPF_API_NOT_FOUND"]);
    expect(dropped("refused")).toBe(4);
  });
});

describe("stopping the recorder", () => {
  it("writes what waits, counts included", async () => {
    const { clock, recorder, sent } = aRecorder();
    recorder.record(Widgets, widget(), changed);
    await clock.advance(10);
    for (let occurrence = 0; occurrence < 5; occurrence++) {
      recorder.record(Widgets, widget(), changed);
      await clock.advance(10);
    }
    recorder.record(Widgets, widget("b"), changed);
    const stopped = recorder.stop(new AbortController().signal);
    await clock.advance(10);
    await stopped;
    expect(sent.map(({ verb, body }) => [verb, body.series?.count])).toEqual([
      ["create", undefined],
      ["patch", 2],
      ["create", undefined],
      ["patch", 6],
    ]);
    expect(clock.pending).toBe(0);
  });

  it("gives up when its time is over, and takes no more", async () => {
    const { clock, dropped, fates, recorder, sent } = aRecorder();
    const over = new AbortController();
    for (let number = 0; number < 3; number++) fates.push(new ApiError("later", { status: 503, reason: "" }));
    for (let number = 0; number < 3; number++) recorder.record(Widgets, widget(`w${number}`), changed);
    await clock.advance(10);
    const stopped = recorder.stop(over.signal);
    over.abort();
    await clock.advance(10);
    await stopped;
    recorder.record(Widgets, widget("late"), changed);
    expect([sent.length, dropped("stopped")]).toEqual([0, 4]);
  });
});
