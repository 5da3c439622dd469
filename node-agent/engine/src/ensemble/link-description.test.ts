import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation } from "../sim/simulate.js";
import { linkDefaults, type SimulatedLink } from "../sim/world.js";
import type { LinkDescription } from "./contract.js";
import { Ensemble } from "./ensemble.js";

interface Look {
  readonly second: number;
  /** Local − true, ns. */
  readonly error: number;
  readonly links: readonly LinkDescription[];
}

/** The remote `b` shows 50 µs too much, and is outvoted by `a` and `d`; `c` says nothing. */
const links: SimulatedLink[] = [
  { id: "a", error: 0, use: "Primary", priority: 7, isSilent: false } as const,
  { id: "b", error: 50_000, use: "Watchdog", priority: 7, isSilent: false } as const,
  { id: "c", error: 0, use: "Fallback", priority: 7, isSilent: true } as const,
  { id: "d", error: 0, use: "Primary", priority: 6, isSilent: false } as const,
].map(({ id, error, use, priority, isSilent }) => ({
  config: { ...linkDefaults, id, use, priority, independenceGroup: `group ${id}` },
  interval: 1,
  independentDirections: true,
  toLocal: exponential(5000, 1000),
  toRemote: exponential(5000, 1000),
  remote: { rootHard: 100 },
  error: () => error,
  isSilent: () => isSilent,
}));

function look(ask: boolean): { looks: Look[]; errors: number[] } {
  const looks: Look[] = [];
  const errors: number[] = [];
  let latest: readonly LinkDescription[] | null = null;
  new Simulation(
    { duration: 600, offset: 1e6, oscillator: { frequency: 10_000, wander: 0 }, links },
    1,
    (config, raw) => new Ensemble(config, raw),
    {
      decided(_at, decision, ensemble) {
        if (ask && decision.publication !== null) latest = ensemble.describeLinks(decision.publication.raw);
      },
      moved(at, error) {
        if (latest !== null) looks.push({ second: at, error, links: latest });
        latest = null;
      },
      second: ({ error }) => errors.push(error),
    },
  ).run();
  return { looks, errors };
}

test("describes each link as it truly is, and nothing of one that never spoke", () => {
  const settled = look(true).looks.filter(({ second }) => second > 300);
  expect(settled.length).toBeGreaterThan(100);
  for (const { error, links } of settled) {
    const [a, b, c] = links;
    if (!a || !b || !c) throw new RangeError("four links are configured");
    expect(a).toMatchObject({ link: "a", use: "Primary", priority: 7, independenceGroup: "group a", selected: true, state: "Healthy" });
    for (const [link, remote] of [
      [a, 0],
      [b, 50_000],
    ] as const) {
      expect(link.deviation).toBeGreaterThan(1);
      expect(link.deviation).toBeLessThan(1000);
      expect(Math.abs((link.offset ?? Number.NaN) - (error - remote))).toBeLessThan(5 * (link.deviation ?? 0));
      expect(Math.abs((link.rate ?? Number.NaN) - 10_000)).toBeLessThan(50);
      expect(link.pathDelay).toBeGreaterThan(4500);
      expect(link.pathDelay).toBeLessThan(6500);
      expect(link.asymmetry).toBeGreaterThanOrEqual(0);
      expect(link.correlation).toBeGreaterThanOrEqual(0);
      expect(link.age).toBeLessThan(3);
    }
    expect(b).toMatchObject({ link: "b", use: "Watchdog", selected: false });
    const nothing = { offset: null, deviation: null, rate: null, pathDelay: null, asymmetry: null, correlation: null, age: null };
    expect(c).toMatchObject({ link: "c", state: "NoAnswer", reason: "NeverHeard", selected: false, measurements: 0, ...nothing });
  }
  expect(settled.at(-1)?.links[0]?.measurements).toBeGreaterThan(1000);
});

test("who asks changes nothing, to the last bit", () => {
  expect(look(true).errors).toEqual(look(false).errors);
});

test("without a configuration there is nothing to describe", () => {
  expect(new Ensemble().describeLinks(5)).toEqual([]);
});
