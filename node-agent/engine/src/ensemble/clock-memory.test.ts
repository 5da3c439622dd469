import fc from "fast-check";
import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation, type SecondSample } from "../sim/simulate.js";
import { linkDefaults, type World } from "../sim/world.js";
import type { Raw } from "../time/units.js";
import { ageAcrossBoot, type ClockMemory, movePhase, readClockMemory } from "./clock-memory.js";
import type { ClockEnsemble, Decision, EnsembleConfig, SteeringReading } from "./contract.js";
import { Ensemble } from "./ensemble.js";
import type { Measurement } from "./measurement.js";

/** Of its raw time, s. */
const diesAfter = 300;

interface Death {
  /** How long nobody runs, s. */
  readonly away: number;
  /** The new process counts steering from elsewhere, ns. */
  readonly shift: number;
  /** What the new process is told, of what the old one remembered. */
  readonly told: (memory: ClockMemory) => ClockMemory | null;
}

/** An ensemble whose process dies once; what it knew is carried over as the agent does it. */
class Mortal implements ClockEnsemble {
  private inner: Ensemble;
  private config: EnsembleConfig;
  private readonly death: Death;
  private readonly dies: Raw;
  private reborn = false;
  private memory: ClockMemory | null = null;
  private last: SteeringReading | null = null;

  constructor(config: EnsembleConfig, raw: Raw, death: Death) {
    this.inner = new Ensemble(config, raw);
    this.config = config;
    this.death = death;
    this.dies = raw + diesAfter;
  }

  private get shift(): number {
    return this.reborn ? this.death.shift : 0;
  }

  /** Whether it runs at `raw`. */
  private lives(raw: Raw): boolean {
    if (raw < this.dies) return true;
    if (!this.reborn) this.memory ??= this.inner.remember(this.dies);
    if (raw < this.dies + this.death.away) return false;
    if (!this.reborn) this.bear(raw);
    return true;
  }

  private bear(raw: Raw): void {
    this.reborn = true;
    this.inner = new Ensemble(this.config, raw);
    const told = this.memory === null ? null : this.death.told(this.memory);
    if (told !== null) this.inner.recall({ ...told, phase: told.phase && movePhase(told.phase, -this.shift) }, raw);
    if (this.last !== null) this.steered(this.last);
  }

  configure(config: EnsembleConfig, raw: Raw): void {
    this.config = config;
    this.inner.configure(config, raw);
  }

  observe(measurement: Measurement): void {
    if (this.lives(measurement.at)) this.inner.observe({ ...measurement, steering: measurement.steering + this.shift });
  }

  steered(reading: SteeringReading): void {
    this.last = reading;
    if (this.lives(reading.raw)) this.inner.steered({ ...reading, steering: reading.steering + this.shift });
  }

  sense(): void {}

  share(): void {}

  advance(raw: Raw): Decision {
    return this.lives(raw) ? this.inner.advance(raw) : { commands: [], steps: [], publication: null };
  }

  deadline(): Raw {
    const dead = this.memory !== null && !this.reborn;
    return dead ? this.dies + this.death.away : this.inner.deadline();
  }

  patience(): number {
    return 0;
  }

  remember(raw: Raw): ClockMemory | null {
    return this.inner.remember(raw);
  }

  recall(memory: ClockMemory, raw: Raw): void {
    this.inner.recall(memory, raw);
  }

  describeLinks(): never[] {
    return [];
  }

  describeStability(): null {
    return null;
  }
}

function live(death: Partial<Death>, change: Partial<World> = {}, seed = 1) {
  const delay = exponential(5000, 1000);
  const link = (id: string) => ({
    config: { ...linkDefaults, id, interval: 1 },
    interval: 1,
    independentDirections: true,
    toLocal: delay,
    toRemote: delay,
    remote: { rootHard: 100 },
  });
  const world: World = {
    duration: 700,
    offset: 1e6,
    oscillator: { frequency: 25_000, wander: 1 },
    links: [link("a")],
    ...change,
  };
  const samples: SecondSample[] = [];
  let steps = 0;
  const full: Death = { away: 20, shift: -123_456, told: (memory) => memory, ...death };
  new Simulation(world, seed, (config, raw) => new Mortal(config, raw, full), {
    second: (sample) => samples.push(sample),
    decided: (_at, decision) => void (steps += decision.steps.length),
  }).run();
  const covers = (from: number, to: number): boolean =>
    samples
      .slice(from, to)
      .every(
        ({ error, calibrated, guaranteed }) =>
          (calibrated === null || Math.abs(error) <= calibrated) && (guaranteed === null || Math.abs(error) <= guaranteed),
      );
  const at = (second: number): SecondSample => {
    const sample = samples[second - 1];
    if (!sample) throw new RangeError(`no sample at ${second}`);
    return sample;
  };
  return { samples, steps, covers, at };
}

test.each([1, 2, 3, 4])("a restart goes on from the memory: bounds at once, no step, and they hold (seed %i)", (seed) => {
  const { at, steps, covers } = live({}, {}, seed);
  expect(at(322).publication).toMatchObject({ state: "Holdover" });
  expect(at(322).guaranteed).not.toBeNull();
  expect(at(322).calibrated).not.toBeNull();
  expect(at(690).publication?.state).toBe("PhaseAligned");
  expect(steps).toBe(1);
  expect(covers(0, 700)).toBe(true);
});

test("without a memory the same restart knows nothing at first", () => {
  const { at } = live({ told: () => null });
  expect(at(322)).toMatchObject({ guaranteed: null, calibrated: null });
});

test("a process that was away for ten minutes has grown bounds, and they hold", () => {
  const { at, covers } = live({ away: 300 });
  const [before, after] = [at(299).guaranteed ?? 0, at(602).guaranteed ?? 0];
  expect(after).toBeGreaterThan(before + 100_000);
  expect(covers(0, 700)).toBe(true);
});

test("several sources: the memory carries the node until they have voted", () => {
  const link = (id: string) => ({
    config: { ...linkDefaults, id, interval: 1 },
    interval: 1,
    toLocal: exponential(5000, 1000),
    toRemote: exponential(5000, 1000),
    remote: { rootHard: 100 },
  });
  const { at, covers, steps } = live({}, { links: ["a", "b", "c"].map(link) });
  expect(at(322).guaranteed).not.toBeNull();
  expect(at(690).publication?.state).toBe("PhaseAligned");
  expect(steps).toBe(1);
  expect(covers(0, 700)).toBe(true);
});

test("after a reboot only the oscillator is remembered: the clock runs at its frequency before anything is measured", () => {
  const silent = (from: number) => (at: number) => at > from && at < 400;
  const delay = exponential(5000, 1000);
  const links = [{ config: linkDefaults, interval: 1, toLocal: delay, toRemote: delay, remote: { rootHard: 100 }, isSilent: silent(290) }];
  const { at } = live({ told: (memory) => ageAcrossBoot(memory, 1) }, { links });
  expect(at(330)).toMatchObject({ guaranteed: null, calibrated: null });
  const drift = Math.abs(at(390).error - at(330).error) / 60;
  expect(drift).toBeLessThan(200);
});

const wrong = (memory: ClockMemory): ClockMemory => ({ ...memory, phase: memory.phase && movePhase(memory.phase, 3e6) });

test("a memory that the packets deny is dropped with the first of them, and what is published afterwards holds", () => {
  const { covers, at } = live({ told: wrong });
  expect(at(321)).toMatchObject({ guaranteed: null, calibrated: null });
  expect(covers(320, 700)).toBe(true);
  expect(at(690).publication?.state).toBe("PhaseAligned");
});

test("one liar among three that denies the memory does not end it, and no bound rests on either meanwhile", () => {
  const delay = exponential(5000, 1000);
  const source = (id: string, error: number) => ({
    config: { ...linkDefaults, id, interval: 1 },
    interval: 1,
    toLocal: delay,
    toRemote: delay,
    error: (at: number) => (at > 310 ? error : 0),
    remote: { rootHard: 100 },
  });
  const { covers, at } = live({}, { links: [source("a", 0), source("b", 0), source("liar", 5e6)] });
  expect(at(323)).toMatchObject({ calibrated: null });
  expect(at(690).publication?.state).toBe("PhaseAligned");
  expect(covers(0, 700)).toBe(true);
});

test("an older age means a less certain oscillator, and a date that cannot be counts as the oldest", () => {
  const memory: ClockMemory = {
    version: 1,
    clock: "clock",
    oscillator: { rate: 5, rateDeviation: 1, wander: 1 },
    phase: null,
    links: [],
  };
  const deviation = (days: number) => ageAcrossBoot(memory, days).oscillator.rateDeviation;
  expect(deviation(1)).toBeGreaterThan(1000);
  expect(deviation(300)).toBeGreaterThan(deviation(1));
  for (const days of [-1, Number.NaN, 20_000]) expect(deviation(days)).toBe(deviation(400));
});

test("what is read back is what was written, and nothing else is read", () => {
  let written: ClockMemory | null = null;
  live({ told: (memory) => (written = memory) });
  const memory = written as ClockMemory | null;
  expect(memory).not.toBeNull();
  expect(readClockMemory(JSON.parse(JSON.stringify(memory)), "clock")).toEqual(memory);
  expect(readClockMemory(memory, "another clock")).toBeNull();
  expect(readClockMemory({ ...memory, version: 2 }, "clock")).toBeNull();
  expect(readClockMemory({ ...memory, oscillator: { rate: Number.NaN, rateDeviation: 1, wander: 1 } }, "clock")).toBeNull();
  expect(readClockMemory({ ...memory, oscillator: { rate: 1e9, rateDeviation: 1, wander: 1 } }, "clock")).toBeNull();
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("oscillator", "phase", "links", "version"), (junk, field) => {
      const read = readClockMemory({ ...memory, [field]: junk }, "clock");
      return read === null || Number.isFinite(read.oscillator.rate);
    }),
  );
});
