import type { Measurement } from "@meridian/engine";
import { configureEnsemble, exponential, linkDefaults, perfectRemote } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { Ptp4lLinreg } from "./ptp4l-linreg.js";

const law = exponential(1000, 0);
const config = configureEnsemble({
  duration: 1,
  offset: 0,
  oscillator: { frequency: 0, wander: 0 },
  links: [{ config: linkDefaults, interval: 1, toLocal: law, toRemote: law }],
});

function packet(kind: "toLocal" | "toRemote", at: number, offset: number): Measurement {
  return {
    kind,
    at,
    value: kind === "toLocal" ? 1000 + offset : 1000 - offset,
    link: "link",
    local: "clock",
    steering: 0,
    localEra: 0,
    remoteEra: 0,
    stampClass: "hardware",
    resolution: 1,
    hardMin: 0,
    remoteState: perfectRemote,
  };
}

/** Decisions after Syncs a second apart of a clock whose offset is `offsetAt(second)` ns and which obeys nothing. */
function decide(count: number, offsetAt: (second: number) => number) {
  const servo = new Ptp4lLinreg(config, 0);
  const feed = (measurement: Measurement) => {
    servo.observe(measurement);
    return servo.advance(measurement.at);
  };
  feed(packet("toLocal", 0, offsetAt(0)));
  feed(packet("toRemote", 0, offsetAt(0)));
  return Array.from({ length: count }, (_, i) => feed(packet("toLocal", i + 1, offsetAt(i + 1))));
}

test("says nothing before four points, then slope and offset of their line", () => {
  const decisions = decide(4, (second) => 30 * second);
  expect(decisions.slice(0, 3).every(({ commands, steps }) => commands.length === 0 && steps.length === 0)).toBe(true);
  // 30 ppb, and 120 ns in one interval.
  expect(decisions[3]?.commands[0]?.ppb).toBeCloseTo(-150, 6);
});

test("a first offset beyond 20 µs is stepped away, and the slope kept", () => {
  const last = decide(4, (second) => 40_000 + 30 * second).at(-1);
  expect(last?.steps[0]?.by).toBeCloseTo(-40_120, 6);
  expect(last?.commands[0]?.ppb).toBeCloseTo(-30, 6);
});

test("of noise it takes the largest size: what it commands moves less than a short line would", () => {
  const noisy = (second: number) => (second % 2 === 0 ? 100 : -100);
  const last = decide(200, noisy).slice(150);
  expect(Math.max(...last.map(({ commands }) => Math.abs(commands[0]?.ppb ?? 1e9)))).toBeLessThan(10);
});
