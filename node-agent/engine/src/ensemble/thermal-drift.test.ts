import { describe, expect, test } from "vitest";
import { createRandom } from "../sim/random.js";
import { SlowDrift } from "./slow-drift.js";
import { explainSample, fitTemperature, ThermalHoldover, type ThermalFit } from "./thermal-drift.js";
import { Thermometers } from "./thermometers.js";

const learnt = 7200;

/** A room that swings by ±2 K in an hour and a half; the crystal feels it `lag` s after the sensor. */
class Room {
  readonly thermometers = new Thermometers();
  readonly drift = new SlowDrift();
  private readonly random;
  private readonly rateOf: (kelvin: number) => number;
  private readonly lag: number;
  private crystal = 0;
  private walk = 0;
  private offset = 0;
  private t = 0;

  constructor(rateOf: (kelvin: number) => number, lag: number, seed = 1) {
    this.rateOf = rateOf;
    this.lag = lag;
    this.random = createRandom(seed, 1);
  }

  run(until: number, temperature: (t: number) => number, learns = true): void {
    for (; this.t < until; this.t++) {
      const kelvin = temperature(this.t);
      if (this.t % 10 === 0) this.thermometers.sense({ sensor: "board", celsius: 35 + kelvin, at: this.t });
      this.crystal += (this.lag === 0 ? 1 : 1 - Math.exp(-1 / this.lag)) * (kelvin - this.crystal);
      this.walk += 0.05 * this.random.normal();
      this.offset += this.walk + this.rateOf(this.crystal);
      if (learns) this.drift.observe(this.t, this.offset, 1, (raw) => this.thermometers.at(raw));
    }
  }

  fit(): ThermalFit | null {
    return fitTemperature(this.drift);
  }
}

const swing = (t: number): number => 2 * Math.sin((2 * Math.PI * t) / 5400);

describe("what temperature does to the frequency", () => {
  test.each([0, 60, 300])("is found behind a lag of %d s", (lag) => {
    const room = new Room((kelvin) => 80 * kelvin, lag);
    room.run(learnt, swing);
    const fit = room.fit();
    expect(fit?.linear).toBeGreaterThan(70);
    expect(fit?.linear).toBeLessThan(90);
  });

  test("is found to be a curve where it is one, and feeds it forward", () => {
    const room = new Room((kelvin) => -35 * kelvin * kelvin, 0);
    room.run(learnt, swing);
    const fit = room.fit();
    expect(fit?.square).toBeGreaterThan(-40);
    expect(fit?.square).toBeLessThan(-30);
    if (fit === null) return;
    const holdover = new ThermalHoldover(fit, room.thermometers, learnt - 1, room.thermometers.valueOf(fit.channel, learnt - 1));
    room.run(learnt + 1000, swing, false);
    holdover.advance(learnt + 999);
    const expected = -35 * (swing(learnt + 999) ** 2 - swing(learnt - 1) ** 2);
    expect(Math.abs(holdover.feedAt(learnt + 999).rate - expected)).toBeLessThan(0.2 * Math.abs(expected));
  });

  test("is nothing where the frequency does not follow the sensor", () => {
    let found = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const room = new Room(() => 0, 0, seed);
      room.run(learnt, swing);
      if (room.fit() !== null) found++;
    }
    expect(found).toBe(0);
  });

  test("is taken out of the slow wander that is left", () => {
    const room = new Room((kelvin) => 80 * kelvin, 0);
    room.run(learnt, swing);
    const fit = room.fit();
    if (fit === null) throw new Error("no fit");
    const whole = room.drift.slowWander(() => 0, 1);
    const rest = room.drift.slowWander((sample) => explainSample(fit, sample), 1);
    expect(rest).toBeLessThan(whole / 20);
  });
});

describe("in holdover", () => {
  const room = new Room((kelvin) => 80 * kelvin, 0);
  room.run(learnt, swing);
  const fit = room.fit();

  test("far beyond the temperatures that were seen, the bound covers what the curve may do there", () => {
    if (fit === null) throw new Error("no fit");
    const beyond = new ThermalHoldover(fit, room.thermometers, learnt - 1, room.thermometers.valueOf(fit.channel, learnt - 1));
    for (let at = learnt; at < learnt + 600; at += 10) room.thermometers.sense({ sensor: "board", celsius: 35 + 20, at });
    beyond.advance(learnt + 600);
    // Seen: ±2 K. Believed: up to 6 K. Of the other 14 K at 80 ppb/K nothing is fed forward, and all of it is in the bound.
    expect(beyond.feedAt(learnt + 600).rate).toBeLessThan(80 * 7);
    expect(4.8 * beyond.strayRate).toBeGreaterThan(80 * 13);
  });

  test("offset is the integral of the rate", () => {
    if (fit === null) throw new Error("no fit");
    const thermometers = new Thermometers();
    thermometers.sense({ sensor: "board", celsius: 35, at: 0 });
    const holdover = new ThermalHoldover(fit, thermometers, 0, 0);
    let sum = 0;
    for (let at = 10; at <= 1000; at += 10) {
      thermometers.sense({ sensor: "board", celsius: 35 + at / 1000, at });
      const before = holdover.feedAt(at - 10).rate;
      holdover.advance(at);
      sum += 5 * (before + holdover.feedAt(at).rate);
    }
    expect(holdover.feedAt(1000).offset).toBeCloseTo(sum, 6);
    expect(holdover.feedAt(1002).offset).toBeCloseTo(sum + 2 * holdover.feedAt(1000).rate, 6);
  });
});
