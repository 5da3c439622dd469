/** 15: a day of changing temperature, four hours alone, and a new process that begins from an old memory. */
import { swinging } from "@meridian/engine/sim";
import { RestartedEnsemble } from "../offline/restarted-ensemble.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { type LinkStyle, linkOf, ntpStyle, worldOf } from "./worlds.js";

const hour = 3600;
const day = 24 * hour;
const [settled, alone, back] = [2 * hour, 4 * hour, 0.5 * hour];
const style: LinkStyle = { ...ntpStyle, interval: 4 };

/** What `maxDrift` allows in that time, ns. */
const drifted = (seconds: number): number => 1000 * seconds;

/** @param memory how old it is when the process begins again, s; null: it lives on */
function dayAndNight(name: string, curvature: number, period: number, memory: number | null): FaultVariant {
  return inWorld(name, () => {
    const [dusk, dawn] = [day + 0.4, day + alone + 0.4];
    const isSilent = (at: number): boolean => at >= dusk && at < dawn;
    const temperature = { profile: swinging(30, 5, period), curve: { turnover: 25, curvature } };
    const world = worldOf([linkOf(style, "a", 50_000, { isSilent })], dawn + back + 1, {
      oscillator: { frequency: 10_000, wander: 0.1, temperature },
    });
    const reborn = dusk + alone / 2;
    return {
      world,
      events: [
        { at: settled, until: day, over: null, size: 0, quietInterval: style.interval, lookEvery: 1 },
        { at: dusk, until: reborn - 1, over: null, size: drifted(alone / 2), quietInterval: style.interval, lookEvery: 1 },
        { at: reborn, until: dawn - 1, over: null, size: drifted(alone), quietInterval: style.interval },
        { at: dawn, until: dawn + back, size: drifted(alone) },
      ],
      ...(memory !== null && {
        create: (config, raw) => new RestartedEnsemble(config, raw, (reborn - 10) * (1 + 1e-5), 10, memory),
      }),
    };
  });
}

export const longRuns: readonly FaultVariant[] = [
  dayAndNight("lives", 3, day, null),
  dayAndNight("lives.3h", 3, 3 * hour, null),
  dayAndNight("memory.1min", 3, day, 60),
  dayAndNight("memory.1h", 3, 3 * hour, hour),
  dayAndNight("memory.12h", 3, day, 12 * hour),
];
