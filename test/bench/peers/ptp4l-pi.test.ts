import type { Measurement } from "@meridian/engine";
import { configureEnsemble, exponential, linkDefaults, perfectRemote } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { Ptp4lPi } from "./ptp4l-pi.js";

const law = exponential(1000, 0);
const config = configureEnsemble({
  duration: 1,
  offset: 0,
  oscillator: { frequency: 0, wander: 0 },
  links: [{ config: linkDefaults, interval: 1, toLocal: law, toRemote: law }],
});

/** A packet of a clock that is `offset` ns ahead, over 1 µs each way. */
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

/** What it commands after Syncs a second apart that show these offsets, ppb. */
function commandsAfter(offsets: readonly number[], stampClass: Measurement["stampClass"] = "hardware"): number[] {
  const servo = new Ptp4lPi(config, 0);
  const feed = (measurement: Measurement) => {
    servo.observe({ ...measurement, stampClass });
    return servo.advance(measurement.at).commands.map(({ ppb }) => ppb);
  };
  feed(packet("toLocal", 0, offsets[0] ?? 0));
  feed(packet("toRemote", 0.5, offsets[0] ?? 0));
  return offsets.flatMap((offset, i) => feed(packet("toLocal", i + 1, offset)));
}

test("first the slope of two offsets, then kp and ki of each: 0.7 and 0.3 at one Sync a second", () => {
  const [slope, next, after] = commandsAfter([0, 100, 10, 0]);
  expect(slope).toBeCloseTo(-100, 3);
  expect(next).toBeCloseTo(-(100 + 0.7 * 10 + 0.3 * 10), 3);
  expect(after).toBeCloseTo(-(100 + 0.3 * 10), 3);
});

test("with software stamps it moves a seventh as far", () => {
  // The first two samples are 16 s apart.
  const offsets = Array.from({ length: 17 }, () => 0);
  const commands = commandsAfter([...offsets, 1000], "kernel");
  expect(commands.at(-1)).toBeCloseTo(-(0.1 * 1000 + 0.001 * 1000), 3);
});

test("a first offset beyond 20 µs is stepped away, and the slope kept", () => {
  const servo = new Ptp4lPi(config, 0);
  const decisions = [
    packet("toLocal", 0, 50_000),
    packet("toRemote", 0.5, 50_000),
    packet("toLocal", 1, 50_000),
    packet("toLocal", 2, 50_300),
  ].map((measurement) => {
    servo.observe(measurement);
    return servo.advance(measurement.at);
  });
  expect(decisions.at(-1)?.steps).toEqual([{ clock: "clock", by: -50_300 }]);
  expect(decisions.at(-1)?.commands[0]?.ppb).toBeCloseTo(-300, 3);
});
