/** What an agent under test is told to follow: the servers of its lane, as the hub would have it. */
import type { EffectiveConfig, NtpAssociation, PtpReceiver } from "@meridian/proto";
import { domainNumber } from "../lab/agent-pair.js";
import { labServo, labTiming } from "../lab/stored-config.js";
import { logInterval, logPoll } from "./agent-lane.js";

/** What the servers are wrong by at most: they show the truth, in kernel stamps, ns. */
const uncertaintyNanoseconds = 1000;

/** The lane's ptp4l. */
export function ptpSource(changes: PtpReceiver = {}): PtpReceiver {
  const timing = labTiming(domainNumber, logInterval);
  return {
    source: "ptp",
    timing,
    use: "Primary",
    priority: 200,
    independenceGroup: "ptp",
    uncertaintyNanoseconds,
    arbitraryTimescale: "UTC",
    ...changes,
  };
}

/** The lane's chronyd. @param address IPv4 or a DNS name */
export function ntpSource(address: string, changes: NtpAssociation = {}): NtpAssociation {
  const poll = { log2MinPollInterval: logPoll, log2MaxPollInterval: logPoll };
  return { source: "ntp", address, ...poll, use: "Primary", priority: 100, independenceGroup: "ntp", uncertaintyNanoseconds, ...changes };
}

export function followerConfig(changes: EffectiveConfig): EffectiveConfig {
  const objective = { maxErrorNanoseconds: 1_000_000, minimumIndependentSources: 1 };
  return { domain: "faults", role: "OrdinaryClock", objective, servo: labServo, ...changes };
}
