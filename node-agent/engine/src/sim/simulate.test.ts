import { describe, expect, it } from "vitest";
import { Ensemble } from "../ensemble/ensemble.js";
import { bursts, correlated, exponential, idleFloor } from "./delay-law.js";
import { type Look, type Observer, type SecondSample, Simulation } from "./simulate.js";
import { hardwareStamps, kernelStamps, userStamps } from "./stamp-model.js";
import { swinging } from "./temperature.js";
import { linkDefaults, type SimulatedLink, type World } from "./world.js";

function link(id: string, changes: Partial<SimulatedLink> = {}): SimulatedLink {
  const law = exponential(20_000, 1000);
  const config = { ...linkDefaults, id, independenceGroup: id, interval: 0.5 };
  return { config, interval: 0.5, toLocal: law, toRemote: law, ...changes };
}

/** Everything that draws a random number or remembers. */
const busy: World = {
  duration: 400,
  offset: 3e6,
  oscillator: {
    frequency: 20_000,
    wander: 1,
    white: 0.5,
    flicker: 0.5,
    drift: 0.01,
    sine: { amplitude: 20, period: 90 },
    temperature: { profile: swinging(35, 1, 300), curve: { turnover: 25, curvature: 1 } },
  },
  links: [
    link("a", {
      independentDirections: true,
      toLocal: correlated(20_000, 1000, 5),
      stamps: kernelStamps,
      mishaps: { overtaken: { share: 0.2, by: 1 }, doubled: { share: 0.1, by: 1 }, lostStamps: 0.1, swappedStamps: 0.01 },
    }),
    link("b", { toRemote: bursts(20_000, 500, 0.5, 30_000, { busy: 20, period: 70 }), loss: 0.2, stamps: userStamps }),
    link("c", { toLocal: idleFloor(9000, 300, 2000, 0.1), late: { share: 0.3, by: 1 }, stamps: hardwareStamps }),
  ],
  faults: [
    { at: 150.3, kind: "frequency", by: 300 },
    { at: 250.3, kind: "route", link: "b", toLocal: 5000, toRemote: 0 },
  ],
};

/** Every number that a second shows. */
function record(world: World, seed: number): BigUint64Array {
  const numbers: number[] = [];
  const second = ({ error, free, believed, calibrated, guaranteed }: SecondSample): void => {
    numbers.push(error, free, believed, calibrated ?? Number.NaN, guaranteed ?? Number.NaN);
  };
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), { second }).run();
  return new BigUint64Array(Float64Array.from(numbers).buffer);
}

describe("a world", () => {
  it("with the same seed is the same to the bit, with another seed it is not", () => {
    const once = record(busy, 3);
    expect(once).toHaveLength(5 * 400);
    expect(record(busy, 3)).toEqual(once);
    expect(record(busy, 4)).not.toEqual(once);
  });

  it("has the same oscillator and the same delays whatever happens to its stamps", () => {
    const freeOf = (world: World) => record(world, 5).filter((_, i) => i % 5 === 1);
    const { mishaps: _without, ...plain } = busy.links[0]!;
    // Steering is summed in another order: the free clock is its offset less that, to rounding.
    const [one, other] = [busy, { ...busy, links: [plain, ...busy.links.slice(1)] }].map((world) => new Float64Array(freeOf(world).buffer));
    one!.forEach((value, i) => expect(Math.abs(value - other![i]!)).toBeLessThan(1e-3));
  });
});

describe("stamps", () => {
  /** Values of a link with nothing but its floor. */
  function valuesWith(stamps: SimulatedLink["stamps"]): number[] {
    const values: number[] = [];
    const still = exponential(20_003, 0);
    const world: World = {
      duration: 200,
      offset: 0,
      oscillator: { frequency: 0, wander: 0 },
      links: [link("a", { toLocal: still, toRemote: still, ...(stamps === undefined ? {} : { stamps }) })],
      ensemble: { steer: false },
    };
    class Listening extends Ensemble {
      override observe(measurement: Parameters<Ensemble["observe"]>[0]): void {
        expect(measurement.stampClass).toBe(stamps?.stampClass ?? "hardware");
        values.push(measurement.value);
      }
    }
    new Simulation(world, 1, (config, raw) => new Listening(config, raw), {}).run();
    return values;
  }

  it("at the wire show the delay", () => {
    expect(new Set(valuesWith(undefined))).toEqual(new Set([20_003]));
  });

  it("of hardware show it in steps of 8 ns", () => {
    expect(new Set(valuesWith(hardwareStamps))).toEqual(new Set([20_000]));
  });

  it.each([
    ["kernel", kernelStamps, 60],
    ["user", userStamps, 1500],
  ])("of class %s add what lies between them and the wire", (_class, stamps, least) => {
    const values = valuesWith(stamps);
    expect(values.every((value) => value % 10 === 0)).toBe(true);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(20_000 + least);
    expect(new Set(values).size).toBeGreaterThan(2);
  });
});

describe("a machine", () => {
  /** One quiet link; what a reader sees ten times a second. */
  function readThrough(faults: World["faults"] & object, every = 0.1): Look[] {
    const looks: Look[] = [];
    const world: World = { duration: 120, offset: 0, oscillator: { frequency: 1000, wander: 0 }, links: [link("a")], faults };
    new Simulation(world, 2, (config, raw) => new Ensemble(config, raw), {
      readsAfter: (after) => after + every,
      read: (look) => void looks.push(look),
    }).run();
    return looks;
  }
  const between = (looks: Look[], from: number, to: number) => looks.filter(({ at }) => at > from && at < to);

  it("that is paused loses that time, and nobody on it reads meanwhile", () => {
    const looks = readThrough([{ at: 60.05, kind: "pause", lasts: 2, hasMarker: false }]);
    expect(between(looks, 60.1, 62)).toEqual([]);
    const [before, after] = [between(looks, 59.9, 60.05).at(-1)!, between(looks, 62.05, 62.2)[0]!];
    expect(after.error - before.error).toBeCloseTo(-2e9, -5);
    // Nothing on the machine shows it before a packet does.
    expect(after.calibrated).not.toBeNull();
  });

  it("with a marker tells its readers of a pause at once", () => {
    const looks = readThrough([{ at: 60.05, kind: "pause", lasts: 2, hasMarker: true }]);
    expect(between(looks, 62.05, 62.2)[0]!.calibrated).toBeNull();
  });

  it("whose frequency somebody else writes runs on at it until it is told another one", () => {
    const looks = readThrough([{ at: 60.05, kind: "foreignFrequency", by: 100_000 }], 0.01);
    const [from, to] = [between(looks, 60.05, 61)[0]!, between(looks, 60.05, 61)[4]!];
    expect((to.error - from.error) / (to.at - from.at)).toBeCloseTo(100_000, -3);
    expect(Math.abs(between(looks, 100, 101)[0]!.error)).toBeLessThan(20_000);
  });

  it("that somebody else slews for a second is off by it, whatever it is told meanwhile", () => {
    const errorAt = (faults: World["faults"] & object) => between(readThrough(faults), 61.1, 61.3)[0]!;
    const [slewed, still] = [errorAt([{ at: 60.05, kind: "foreignSlew", by: 100_000, lasts: 1 }]), errorAt([])];
    expect(slewed.free).toBeCloseTo(still.free, 0);
    expect(slewed.error).toBeGreaterThan(still.error + 1000);
  });

  it("whose clock is reset is in another era, and runs free", () => {
    const looks = readThrough([{ at: 60.05, kind: "clockReset", by: -3e6 }], 0.01);
    const [first, later] = [between(looks, 60.05, 61)[0]!, between(looks, 60.05, 61)[4]!];
    expect(first.error).toBeCloseTo(-3e6, -5);
    expect(first.guaranteed).toBeNull();
    expect((later.error - first.error) / (later.at - first.at)).toBeCloseTo(1000, 0);
  });

  it("is the same to the bit whoever reads it", () => {
    const run = (observer: Observer) => {
      const seen: number[] = [];
      new Simulation(busy, 3, (config, raw) => new Ensemble(config, raw), {
        ...observer,
        second: ({ error }) => void seen.push(error),
      }).run();
      return seen;
    };
    expect(run({ readsAfter: (after) => after + 0.03, read: () => undefined })).toEqual(run({}));
  });
});

it("a link is as good as any until its mishaps begin", () => {
  const trouble = { mishaps: { swappedStamps: 1 }, late: { share: 1, by: 2 }, mishapsFrom: 100 };
  const errors = (change: Partial<SimulatedLink>) => {
    const seen: number[] = [];
    const world: World = { duration: 200, offset: 0, oscillator: { frequency: 20_000, wander: 1 }, links: [link("a", change)] };
    new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), { second: ({ error }) => void seen.push(error) }).run();
    return seen;
  };
  // What is drawn for a link that will be late moves the losses of one that is not: both are drawn here.
  const [never, later] = [errors({ ...trouble, mishapsFrom: 1000 }), errors(trouble)];
  expect(later.slice(0, 99)).toEqual(never.slice(0, 99));
  expect(later.slice(100)).not.toEqual(never.slice(100));
});
