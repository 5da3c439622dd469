import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { listenForSignals } from "./process-signals.js";
import { type Phase, stopInOrder } from "./stop-in-order.js";

const totalMs = 60_000;

function phases(...runs: [string, Phase["run"]][]): Phase[] {
  return runs.map(([name, run]) => ({ name, limitMs: 1_000, reservedMs: 0, run }));
}

const hang: Phase["run"] = () => new Promise(() => {});

describe("stopping", () => {
  it("runs one phase after the other, and goes on after an error", async () => {
    const clock = createManualClock();
    const steps: string[] = [];
    const stopping = stopInOrder(
      phases(
        [
          "first",
          async () => {
            steps.push("first");
            throw new Error("broken");
          },
        ],
        ["second", async () => void steps.push("second")],
      ),
      { clock, totalMs, force: new AbortController().signal, onError: (phase) => steps.push(`${phase} failed`) },
    );
    await clock.advance(0);
    expect(await stopping).toEqual([]);
    expect(steps).toEqual(["first", "first failed", "second"]);
    expect(clock.pending).toBe(0);
  });

  it("gives up a phase that hangs, and still runs the rest", async () => {
    const clock = createManualClock();
    let cleaned = false;
    let told = false;
    const listen: Phase["run"] = (signal) => {
      signal.addEventListener("abort", () => (told = true));
      return new Promise(() => {});
    };
    const stopping = stopInOrder(phases(["hangs", listen], ["cleanup", async () => void (cleaned = true)]), {
      clock,
      totalMs,
      force: new AbortController().signal,
      onError: () => {},
    });
    await clock.advance(899);
    expect(told).toBe(false);
    await clock.advance(200);
    expect(await stopping).toEqual(["hangs"]);
    expect([told, cleaned]).toEqual([true, true]);
  });

  it("waits for nothing once it is forced", async () => {
    const clock = createManualClock();
    const force = new AbortController();
    const stopping = stopInOrder(phases(["a", hang], ["b", hang]), { clock, totalMs, force: force.signal, onError: () => {} });
    await clock.advance(10);
    force.abort();
    await clock.advance(250);
    expect(await stopping).toEqual(["a", "b"]);
    expect(clock.pending).toBe(0);
  });

  it("takes no longer than the total, and keeps for later phases what is reserved for them", async () => {
    const clock = createManualClock();
    const begun: number[] = [];
    const run: Phase["run"] = () => {
      begun.push(clock.now());
      return new Promise(() => {});
    };
    const all: Phase[] = [
      { name: "first", limitMs: Number.POSITIVE_INFINITY, reservedMs: 0, run },
      { name: "second", limitMs: 5_000, reservedMs: 1_000, run },
      { name: "third", limitMs: 5_000, reservedMs: 2_000, run },
    ];
    const stopping = stopInOrder(all, { clock, totalMs: 10_000, force: new AbortController().signal, onError: () => {} });
    await clock.advance(10_000);
    expect(await stopping).toEqual(["first", "second", "third"]);
    expect(begun).toEqual([0, 7_000, 8_000]);
  });

  it("gives a later phase what earlier ones did not need, up to its limit", async () => {
    const clock = createManualClock();
    const all: Phase[] = [
      { name: "first", limitMs: Number.POSITIVE_INFINITY, reservedMs: 0, run: async () => {} },
      { name: "second", limitMs: 5_000, reservedMs: 1_000, run: hang },
    ];
    const stopping = stopInOrder(all, { clock, totalMs: 10_000, force: new AbortController().signal, onError: () => {} }).then(() =>
      clock.now(),
    );
    await clock.advance(10_000);
    expect(await stopping).toBe(5_000);
  });
});

describe("process signals", () => {
  it("ask for an orderly stop first and for an immediate one second", () => {
    const emitter = new EventEmitter();
    const { dispose, forceSignal, signal } = listenForSignals(emitter);
    emitter.emit("SIGTERM");
    expect([signal.aborted, forceSignal.aborted]).toEqual([true, false]);
    emitter.emit("SIGINT");
    expect(forceSignal.aborted).toBe(true);
    dispose();
    expect(emitter.listenerCount("SIGTERM") + emitter.listenerCount("SIGINT")).toBe(0);
  });
});
