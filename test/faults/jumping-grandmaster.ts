/** A grandmaster of ours whose clock somebody else steps, and a follower of it. */
import { join } from "node:path";
import { Clock, createVirtualClock } from "@meridian/native";
import type { EffectiveConfig, PtpReceiver } from "@meridian/proto";
import { startAgent } from "../lab/agent-process.js";
import { labServo, labTiming, storeConfig } from "../lab/stored-config.js";
import { type AgentFault, faultOnPrepared } from "./agent-fault.js";
import { logInterval } from "./agent-lane.js";
import { ptpSource } from "./agent-sources.js";
import type { AgentTrial } from "./agent-trial.js";

/** By so much its clock is stepped. */
export const jumpNs = 1e6;
const domainNumber = 22;

interface JumpOptions {
  /** What it vouches for. */
  readonly uncertaintyNanoseconds: number;
  /** What the follower follows. */
  readonly sources: (grandmaster: PtpReceiver) => EffectiveConfig;
}

/** @param inflict gets the follower, locked, and what makes the grandmaster jump */
export function jumpingGrandmaster(
  name: string,
  { uncertaintyNanoseconds, sources }: JumpOptions,
  inflict: (trial: AgentTrial, jump: () => void) => Promise<void>,
): AgentFault {
  const receiver = ptpSource({
    source: "gm",
    independenceGroup: "gm",
    timing: labTiming(domainNumber, logInterval),
    uncertaintyNanoseconds,
    priority: 300,
  });
  return faultOnPrepared(name, { sources: sources(receiver), agents: 2 }, async (trial) => {
    const directory = trial.lane.home("grandmaster");
    const clockFile = join(directory, "clock");
    createVirtualClock(clockFile, { seconds: 1200, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
    const timing = labTiming(domainNumber, logInterval);
    const transmitter = { grandmaster: "gm", timing, reference: "/dev/ptp0", referenceType: "PHC", uncertaintyNanoseconds };
    storeConfig(directory, { domain: "faults", role: "Grandmaster", servo: labServo, transmitters: [transmitter] });
    const grandmaster = startAgent({
      node: "grandmaster",
      directory,
      hub: null,
      hubCaFile: "/nonexistent",
      tokenFile: "/nonexistent",
      clockFile,
      reference: "/dev/ptp0",
      namespace: "grandmaster",
      // The clock is somebody else's to steer: ours.
      extraArgs: ["--mode", "observe"],
    });
    try {
      await trial.startLocked();
      await inflict(trial, () => stepClock(clockFile, jumpNs));
      if (grandmaster.failed) trial.claim(false, `the grandmaster ended (${grandmaster.outcome ?? ""})`);
    } finally {
      await grandmaster.stop(3000);
    }
  });
}

function stepClock(file: string, by: number): void {
  const clock = Clock.open(`virtual:${file}`, { steer: true });
  clock.step(by);
  clock.close();
}
