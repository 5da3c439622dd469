/** 7: the process is stopped, or killed and begun again from its memory, at every phase of a slew of 1 ms. */
import { RestartedEnsemble } from "../offline/restarted-ensemble.js";
import { type FaultVariant, inWorld } from "./fault-scenario.js";
import { agentLimits, type LinkStyle, linkOf, strikeAt, styles, worldOf } from "./worlds.js";

const step = 1e6;
/** The slew takes 20 s; the first is before anybody knows of the step, the last after its end. */
const phases = [0.02, 0.2, 1, 3, 7, 12, 18, 25];
const lengths = [0.5, 5, 30];
/** Memory is saved once a minute. */
const savedAgo = 60;

type Signal = "stop" | "kill";

function interrupted(signal: Signal, style: LinkStyle, phase: number, lasts: number): FaultVariant {
  return inWorld(`${signal}.${style.name}.${String(lasts)}s.phase${String(phase)}s`, (seed) => {
    const stepAt = strikeAt(style, seed);
    const at = stepAt + phase;
    const until = at + lasts + style.watched;
    const slewed = { at: stepAt, kind: "referenceStep", by: step } as const;
    const links = [linkOf(style, "a", 10_000)];
    // Nobody ends the slew meanwhile, and then it is as far on the other side.
    const events = [{ at, until, over: at + lasts, size: step + lasts * agentLimits.maxSlew, tellingDirection: "toRemote" as const }];
    if (signal === "stop")
      return { world: worldOf(links, until + 1, { faults: [slewed], stall: [at, at + lasts], stallsThreads: true }), events };
    return {
      world: worldOf(links, until + 1, { faults: [slewed, { at, kind: "kill" }], stall: [at, at + lasts] }),
      events,
      create: (config, raw) => new RestartedEnsemble(config, raw, at * (1 + 1e-5), lasts, savedAgo),
    };
  });
}

export const killedProcesses: readonly FaultVariant[] = styles.flatMap((style) =>
  (["stop", "kill"] as const).flatMap((signal) =>
    lengths.flatMap((lasts) => phases.map((phase) => interrupted(signal, style, phase, lasts))),
  ),
);
