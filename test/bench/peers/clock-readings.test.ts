import type { Measurement } from "@meridian/engine";
import { perfectRemote } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { ClockReadings } from "./clock-readings.js";

function reading(kind: "toLocal" | "toRemote", value: number, link = "phc"): Measurement {
  return {
    ...{ kind, at: 7, value, link, local: "clock", steering: 3, localEra: 0, remoteEra: 0 },
    ...{ stampClass: "user", resolution: 1, hardMin: 0, remoteState: perfectRemote },
  };
}

test("the offset is in the middle of two readings, and each is used once", () => {
  const readings = new ClockReadings("phc");
  expect(readings.take(reading("toLocal", 700))).toBeNull();
  expect(readings.take(reading("toRemote", 480))).toBeNull();
  expect(readings.take(reading("toLocal", 700))).toEqual({ at: 7, offset: 110, steering: 3 });
  expect(readings.take(reading("toLocal", 700))).toBeNull();
});

test("other links are not for it, and a step voids what was read before", () => {
  const readings = new ClockReadings("phc");
  readings.take(reading("toRemote", 480));
  expect(readings.take(reading("toRemote", 9e6, "ntp"))).toBeNull();
  expect(readings.take(reading("toLocal", 9e6, "ntp"))).toBeNull();
  expect(readings.take(reading("toLocal", 500))?.offset).toBe(10);
  readings.take(reading("toRemote", 480));
  readings.forget();
  expect(readings.take(reading("toLocal", 700))).toBeNull();
});
