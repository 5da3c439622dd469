import { expect, test } from "vitest";
import type { ComparisonConfig } from "./engine-config.js";
import { ComparisonInstance } from "./comparison-instance.js";
import type { Measurement } from "./ensemble/measurement.js";
import type { Action } from "./host.js";

const config: ComparisonConfig = {
  ...{ source: "phc", reference: "phc:/dev/ptp0", referenceScale: "UTC", use: "Primary", priority: 100, independenceGroup: "phc" },
  ...{ delayCompensation: 0, uncertainty: 250 },
};
const at = (seconds: number, nanoseconds: number) => ({ seconds, nanoseconds, raw: 5 + nanoseconds / 1e9, steering: 7 });

function compare(change: Partial<ComparisonConfig> = {}, clockScale: "UTC" | "TAI" = "UTC", referenceSeconds = 100): Measurement[] {
  const measured: Measurement[] = [];
  const sink = { measure: (one: Measurement) => measured.push(one), act: () => undefined, emit: () => undefined };
  const instance = new ComparisonInstance({ ...config, ...change }, { clock: "own", clockScale }, 0);
  const event = { kind: "ClockCompared", reference: config.reference, before: at(100, 1000), after: at(100, 3000), era: 4 } as const;
  instance.compared({ ...event, instant: { seconds: referenceSeconds, nanoseconds: 1500 } }, 2, sink);
  return measured;
}

test("two readings around one of the other clock are an exchange: what they took is its path", () => {
  const [toRemote, toLocal] = compare();
  expect(toRemote).toMatchObject({ kind: "toRemote", value: 500, steering: 7, localEra: 2, remoteEra: 4, link: "phc", local: "own" });
  expect(toLocal).toMatchObject({ kind: "toLocal", value: 1500, remoteState: { rootHard: 250, rootSystematic: 250, scale: "UTC" } });
  // x = (toLocal − toRemote)/2: the own clock is 500 ns ahead of the middle.
  expect(((toLocal?.value ?? 0) - (toRemote?.value ?? 0)) / 2).toBe(500);
});

test("a TAI clock is read in the local scale", () => {
  const [toRemote, toLocal] = compare({ referenceScale: "TAI" }, "UTC", 137);
  expect([toRemote?.value, toLocal?.value]).toEqual([500, 1500]);
});

test("asks eight times in half a second, then once a second", () => {
  const asked: number[] = [];
  let now = 10;
  const act = (action: Action) => void (action.kind === "CompareClock" && asked.push(now));
  const instance = new ComparisonInstance(config, { clock: "own", clockScale: "UTC" }, now);
  for (; now < 14; now = Math.max(instance.deadline(), now + 1e-6))
    instance.tick(now, { measure: () => undefined, act, emit: () => undefined });
  expect(asked.filter((time) => time < 10.5)).toHaveLength(8);
  expect(asked).toHaveLength(11);
});
