import { expect, test } from "vitest";
import type { Measurement } from "../ensemble/measurement.js";
import { type Delivery, type MishapModel, Mishaps, swapStamps } from "./mishaps.js";
import { createRandom } from "./random.js";
import { perfectRemote } from "./world.js";

function measured(kind: "toLocal" | "toRemote", at: number, value = 0): Measurement {
  return {
    kind,
    value,
    link: "link",
    local: "clock",
    at,
    steering: 0,
    localEra: 0,
    remoteEra: 0,
    stampClass: "hardware",
    resolution: 1,
    hardMin: 0,
    remoteState: perfectRemote,
  };
}

/** What becomes of a thousand packets a second apart. */
function befall(model: MishapModel, kind: "toLocal" | "toRemote"): readonly Delivery[] {
  const mishaps = new Mishaps(model, createRandom(1, 7));
  return Array.from({ length: 1000 }, (_, at) => mishaps.befall({ due: at, measurement: measured(kind, at, 1e6 * at) })).flat();
}

test("without a model nothing happens", () => {
  const deliveries = befall({}, "toRemote");
  expect(deliveries.map(({ due, measurement }) => [due, measurement.at])).toEqual(Array.from({ length: 1000 }, (_, at) => [at, at]));
});

test("overtaken packets come late and keep their own time; the others are not touched", () => {
  const deliveries = befall({ overtaken: { share: 0.3, by: 2.5 } }, "toLocal");
  const late = deliveries.filter(({ due, measurement }) => due > measurement.at);
  expect(late.length).toBeGreaterThan(250);
  expect(late.length).toBeLessThan(350);
  expect(Math.max(...late.map(({ due, measurement }) => due - measurement.at))).toBeLessThanOrEqual(2.5);
  const order = [...deliveries].sort((a, b) => a.due - b.due).map(({ measurement }) => measurement.at);
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
  expect(befall({ overtaken: { share: 0.3, by: 2.5 } }, "toRemote").every(({ due, measurement }) => due === measurement.at)).toBe(true);
});

test("doubled packets come twice, the same to the bit", () => {
  const deliveries = befall({ doubled: { share: 0.2, by: 0.5 } }, "toLocal");
  expect(deliveries.length).toBeGreaterThan(1150);
  expect(deliveries.length).toBeLessThan(1250);
  expect(new Set(deliveries.map(({ measurement }) => measurement)).size).toBe(1000);
});

test("lost stamps take their measurement with them, and only those to the remote have any", () => {
  const kept = befall({ lostStamps: 0.4 }, "toRemote").length;
  expect(kept).toBeGreaterThan(550);
  expect(kept).toBeLessThan(650);
  expect(befall({ lostStamps: 0.4 }, "toLocal")).toHaveLength(1000);
});

test("swapped stamps are those of the packet after: each value is wrong by the time between", () => {
  const [earlier, later] = swapStamps({ ...measured("toRemote", 10, 500), steering: 7 }, { ...measured("toRemote", 12, 600), steering: 9 });
  expect(earlier).toMatchObject({ at: 12, steering: 9, value: 500 - 2e9 - 2 });
  expect(later).toMatchObject({ at: 10, steering: 7, value: 600 + 2e9 + 2 });
  // remote − local stamp, summed over both, is what it was.
  expect(earlier.value + later.value).toBe(1100);
});

test("swapping loses no packet but the last that waits", () => {
  const deliveries = befall({ swappedStamps: 0.1 }, "toRemote");
  expect(deliveries.length).toBeGreaterThanOrEqual(999);
  const swapped = deliveries.filter(({ measurement }) => measurement.value !== 1e6 * measurement.at).length;
  expect(swapped).toBeGreaterThan(120);
  expect(swapped).toBeLessThan(250);
});
