import { expect, test } from "vitest";
import { Oscillator } from "./oscillator.js";
import { createRandom } from "./random.js";
import { SimulatedClock } from "./simulated-clock.js";

/** 100 ppm fast, 500 ns ahead, raw time 1000 s at true time 0. */
function aClock(): SimulatedClock {
  const oscillator = new Oscillator({ frequency: 100_000, wander: 0 }, createRandom(1, 1), createRandom(1, 6));
  return new SimulatedClock(oscillator, 1000, 500);
}

test("runs free by its oscillator's rate, and steering is nothing", () => {
  const clock = aClock();
  clock.moveTo(10);
  expect(clock.raw).toBeCloseTo(1010.001, 9);
  expect(clock.offset).toBeCloseTo(500 + 1e6, 6);
  expect(clock.read()).toEqual({ clock: "clock", raw: clock.raw, steering: 0, frequency: 0, era: 0 });
});

test("a command adds to the frequency; offset less steering is what the free clock would be", () => {
  const clock = aClock();
  clock.command({ clock: "clock", ppb: -100_000, untilRaw: Number.POSITIVE_INFINITY, thenPpb: 0 });
  clock.moveTo(10);
  expect(clock.steering).toBeCloseTo(-1_000_100, 6);
  expect(clock.offset - clock.steering).toBeCloseTo(500 + 1e6, 6);
  // (1 + y)(1 + u) − 1: second order remains.
  expect(clock.offset).toBeCloseTo(500 - 100, 6);
});

test("a command ends by itself at its raw time", () => {
  const clock = aClock();
  clock.command({ clock: "clock", ppb: 7, untilRaw: 1005, thenPpb: 3 });
  expect(clock.slewEndsAt).toBeCloseTo(5 / 1.0001, 9);
  clock.moveTo(clock.slewEndsAt);
  clock.endSlew();
  expect(clock.read().frequency).toBe(3);
  expect(clock.slewEndsAt).toBe(Number.POSITIVE_INFINITY);
});

test("a command that has ended when it arrives is its end", () => {
  const clock = aClock();
  clock.command({ clock: "clock", ppb: 7, untilRaw: 999, thenPpb: 3 });
  expect([clock.read().frequency, clock.slewEndsAt]).toEqual([3, Number.POSITIVE_INFINITY]);
});

test("a step moves offset and steering alike, and begins an era", () => {
  const clock = aClock();
  clock.step(-500);
  expect([clock.offset, clock.steering, clock.era]).toEqual([0, -500, 1]);
});

test("a slew whose thread is gone goes on", () => {
  const clock = aClock();
  clock.command({ clock: "clock", ppb: 7, untilRaw: 1005, thenPpb: 3 });
  clock.abandonSlew();
  expect(clock.slewEndsAt).toBe(Number.POSITIVE_INFINITY);
  clock.moveTo(20);
  expect(clock.read().frequency).toBe(7);
});
