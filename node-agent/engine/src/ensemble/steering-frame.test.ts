import { expect, test } from "vitest";
import { SteeringFrame } from "./steering-frame.js";

const reading = (raw: number, steering: number, frequency: number) => ({ clock: "c", raw, steering, frequency, era: 0 });

test("carries a reading on with its frequency", () => {
  const frame = new SteeringFrame();
  frame.read(reading(10, 1000, 50));
  expect(frame.at(12)).toBe(1100);
});

test("repeating a reading changes nothing, an older one is ignored", () => {
  const frame = new SteeringFrame();
  frame.read(reading(10, 1000, 50));
  frame.read(reading(10, 1000, 50));
  frame.read(reading(9, -5, 7));
  expect(frame.at(12)).toBe(1100);
});

test("a command acts from its instant, ends by itself, and later readings agree", () => {
  const frame = new SteeringFrame();
  frame.read(reading(10, 0, 0));
  frame.command(11, { clock: "c", ppb: 100, untilRaw: 13, thenPpb: 10 });
  expect(frame.at(10.5)).toBe(0);
  expect(frame.at(12)).toBeCloseTo(100);
  expect(frame.at(14)).toBeCloseTo(210);
  expect(frame.slewEnd).toBe(13);
  frame.read(reading(12, 100, 100));
  expect(frame.at(14)).toBeCloseTo(210);
  frame.read(reading(13.5, 205, 10));
  expect(frame.at(14)).toBeCloseTo(210);
  expect(frame.slewEnd).toBe(Number.POSITIVE_INFINITY);
});

test("knows the frequency that is left when slews have ended", () => {
  const frame = new SteeringFrame();
  frame.read(reading(10, 0, 7));
  expect(frame.restingFrequency).toBe(7);
  frame.command(11, { clock: "c", ppb: 100, untilRaw: 13, thenPpb: 10 });
  expect(frame.restingFrequency).toBe(10);
  frame.read(reading(14, 200, 10));
  expect(frame.restingFrequency).toBe(10);
});

test("a measurement's own steering corrects what was assumed", () => {
  const frame = new SteeringFrame();
  frame.read(reading(10, 0, 100));
  frame.sample(11, 150);
  expect(frame.at(12)).toBeCloseTo(250);
});
