/** Starts an agent without operator and hub: its configuration is where a running agent would have stored it. */
import { join } from "node:path";
import { writeStateFile } from "@meridian/node-agent";
import { type EffectiveConfig, hub } from "@meridian/proto";
import { stateDirectoryOf } from "./agent-process.js";

/** @param directory the agent's, as given to startAgent */
export function storeConfig(directory: string, config: EffectiveConfig): void {
  writeStateFile(join(stateDirectoryOf(directory), "config"), hub.Config.encode({ leaderEpoch: 1, revision: "lab", config }).finish());
}

/** The numbers that lab configurations share. @param logInterval of Sync and Delay_Req, log2 of s */
export const labTiming = (domainNumber: number, logInterval: number) => ({
  domainNumber,
  interface: "eth0",
  log2SyncInterval: logInterval,
  log2AnnounceInterval: 0,
  log2DelayRequestInterval: logInterval,
  announceReceiptTimeout: 3,
  dscp: 0,
});

export const labServo = { maxSlewPartsPerBillion: 50_000, stepMode: "OnStart", stepThresholdNanoseconds: 100_000 };
