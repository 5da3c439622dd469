import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { joinSignals } from "./join-signals.js";

describe("joined signals", () => {
  const two = (): [AbortController, AbortController] => [new AbortController(), new AbortController()];

  it.each([0, 1] as const)("abort with the first of their sources, and its reason (source %d)", (index) => {
    const [a, b] = two();
    const { signal } = joinSignals(a.signal, b.signal);
    expect(signal.aborted).toBe(false);
    const reason = new Error("over");
    [a, b][index]?.abort(reason);
    [a, b][1 - index]?.abort();
    expect(signal.reason).toBe(reason);
  });

  it("are aborted from the start when a source is", () => {
    const [a, b] = two();
    const reason = new Error("over");
    b.abort(reason);
    expect(joinSignals(a.signal, b.signal).signal.reason).toBe(reason);
    expect(getEventListeners(a.signal, "abort")).toEqual([]);
  });

  it("leave nothing behind, and follow nobody, once they are released", () => {
    const [a, b] = two();
    const { release, signal } = joinSignals(a.signal, b.signal);
    release();
    a.abort();
    expect(signal.aborted).toBe(false);
    for (const source of [a, b]) expect(getEventListeners(source.signal, "abort")).toEqual([]);
  });
});
