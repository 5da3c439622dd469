import type { ClockMemory } from "@meridian/engine";
import { beforeEach, expect, test } from "vitest";
import { ClockKeeper, readSleptSeconds } from "./clock-keeper.js";

const memory: ClockMemory = {
  version: 1,
  clock: "virtual:/clock",
  oscillator: { rate: 1234, rateDeviation: 2, wander: 1 },
  phase: { raw: 1000, offset: 50, deviation: 5, radius: 30, proof: { low: -100, high: 200, lowRate: 1000, highRate: 1500 } },
  links: [{ link: "a", jitter: 400 }],
};

let disk: string | null;
let origin: bigint;
let slept: number;
let date: number;
const open = (boot: string, uri = "virtual:/clock", now = 1100) =>
  new ClockKeeper(
    { readClock: () => disk, writeClock: (text) => void (disk = text), writeClockLater: (text) => void (disk = text) },
    { uri, readOrigin: () => origin, now: () => now },
    boot,
    () => slept,
    () => date,
  );
beforeEach(() => {
  disk = null;
  origin = 1_790_000_000_000_000_123n;
  slept = 0;
  date = 1_790_000_000_000;
  open("boot").keep(memory, true);
});

test("a restart on the same boot goes on with the phase, in its own frame of steering", () => {
  expect(open("boot").recall()).toEqual({ kind: "phase", memory });
  origin += 5_000n;
  const phase = { raw: 1000, offset: 5050, deviation: 5, radius: 30, proof: { low: 4900, high: 5200, lowRate: 1000, highRate: 1500 } };
  expect(open("boot").recall()).toEqual({ kind: "phase", memory: { ...memory, phase } });
});

test("after a reboot, a sleep of the host or a raw time that went back only the oscillator is known", () => {
  date += 86_400_000;
  const rebooted = open("another boot").recall();
  expect(rebooted).toMatchObject({ kind: "oscillator", memory: { oscillator: { rate: 1234 }, phase: null } });
  expect(rebooted?.memory.oscillator.rateDeviation).toBeGreaterThan(1000);
  expect(open("boot", "virtual:/clock", 999).recall()).toMatchObject({ kind: "oscillator", memory: { phase: null } });
  slept = 30;
  expect(open("boot").recall()).toMatchObject({ kind: "oscillator", memory: { oscillator: { rateDeviation: 2 }, phase: null } });
});

test("a date that cannot be makes the oldest memory of it, not the youngest", () => {
  const deviation = () => open("another boot").recall()?.memory.oscillator.rateDeviation ?? 0;
  date += 86_400_000;
  const day = deviation();
  date = 0;
  expect(deviation()).toBeGreaterThan(day);
});

test("nothing of another clock, of nobody, or of garbage is recalled", () => {
  expect(open("boot", "virtual:/other").recall()).toBeNull();
  for (const text of [
    null,
    "",
    "{",
    "[]",
    "null",
    '{"boot":1}',
    JSON.stringify({ boot: "boot", slept: 0, origin: "1e9", savedAt: 0, memory }),
  ]) {
    disk = text;
    expect(open("boot").recall()).toBeNull();
  }
});

test("nothing known leaves what was kept before", () => {
  open("boot").keep(null, true);
  expect(open("boot").recall()).toMatchObject({ kind: "phase" });
});

test("this host has slept for a time that does not change while it is awake", () => {
  const first = readSleptSeconds();
  expect(first).toBeGreaterThan(-0.1);
  expect(Math.abs(readSleptSeconds() - first)).toBeLessThan(0.1);
});
