/** Nodes and their configuration on a simulated segment, as tests of the engine want them. */
import { Engine } from "../engine.js";
import type {
  AssociationConfig,
  EngineConfig,
  PtpTimingConfig,
  ReceiverInstanceConfig,
  TransmitterInstanceConfig,
} from "../engine-config.js";
import { Ensemble } from "../ensemble/ensemble.js";
import { idleEngine } from "../sim/idle-engine.js";
import { SimulatedNtpServer } from "../sim/ntp-responder.js";
import { createRandom } from "../sim/random.js";
import { type Packet, Segment, type SegmentOptions } from "../sim/segment.js";
import type { SegmentHost, SegmentHostOptions } from "../sim/segment-host.js";
import type { Nanoseconds } from "../time/units.js";

export const nothing = idleEngine;
const timing = (domainNumber: number): PtpTimingConfig => ({
  domainNumber,
  port: "eth0",
  logSyncInterval: -4,
  logAnnounceInterval: 0,
  logDelayRequestInterval: -4,
  announceReceiptTimeout: 3,
  dscp: 0,
});

export const serves = (grandmaster: string, domainNumber: number, change: Partial<TransmitterInstanceConfig> = {}): EngineConfig => ({
  ...nothing,
  transmitters: [
    {
      grandmaster,
      timing: timing(domainNumber),
      priority1: 128,
      priority2: 128,
      clock: "clock",
      reference: "PHC",
      uncertainty: 100,
      delayCompensation: 0,
      ...change,
    },
  ],
});

export const follows = (source: string, domainNumber: number, change: Partial<ReceiverInstanceConfig> = {}): ReceiverInstanceConfig => ({
  source,
  timing: timing(domainNumber),
  use: "Primary",
  priority: 100,
  independenceGroup: source,
  delayCompensation: 0,
  uncertainty: null,
  arbitraryTimescale: "Refuse",
  acceptableAddresses: [],
  acceptableClockIdentity: null,
  ...change,
});

/** Once a second in basic mode, unless the test says otherwise. */
export const asks = (source: string, address: string, change: Partial<AssociationConfig> = {}): AssociationConfig => ({
  source,
  address,
  port: 123,
  logMinPoll: 0,
  logMaxPoll: 0,
  interleaved: false,
  use: "Primary",
  priority: 100,
  independenceGroup: source,
  delayCompensation: 0,
  uncertainty: null,
  dscp: 0,
  ...change,
});

/** 10 µs each way with exponential queueing of 500 ns, from a seed. */
export function aDelay(seed: number): (packet: Packet) => number {
  const random = createRandom(seed, 1);
  return () => 10e-6 - 500e-9 * Math.log(1 - random.uniform());
}

export function aSegment(change: Partial<SegmentOptions> = {}): Segment {
  return new Segment({ delay: aDelay(7), ...change });
}

export function anEngine(seed: number): Engine {
  const random = createRandom(seed, 1);
  return new Engine(new Ensemble(), () => random.uniform());
}

/** 37 ms ahead and 18 ppm fast at the start. */
export const addWorker = (segment: Segment, config: Partial<EngineConfig>, change: Partial<SegmentHostOptions> = {}): SegmentHost =>
  segment.add({ name: "worker", engine: anEngine(99), offset: 37e6, frequency: 18_000, ...change }, { ...nothing, ...config });

export const state = (host: SegmentHost): string | undefined => host.publications.at(-1)?.what.state;
export const selected = (host: SegmentHost): string | null | undefined => host.publications.at(-1)?.what.selected;
/** [state, reason] of a source, as last published. */
export const standing = (host: SegmentHost, source: string): readonly [string, string] | null => {
  const status = host.publications.at(-1)?.what.sources.find(({ link }) => link === source);
  return status ? [status.state, status.reason] : null;
};
export const dropped = (host: SegmentHost, reason: string): number =>
  host.events.filter((event) => event.kind === "PacketDropped" && event.reason === reason).length;

/** Grown to now; true when the clock's error is covered. */
export function isCovered(host: SegmentHost, at: number): boolean {
  const published = host.publications.at(-1);
  if (!published) return true;
  const age = host.raw(at) - published.what.raw;
  const { calibrated, calibratedGrowth, guaranteed, guaranteedGrowth, voidAfter } = published.what;
  if (age > voidAfter) return true;
  const error = Math.abs(host.errorAt(at));
  return (
    (calibrated === null || error <= calibrated + calibratedGrowth * age) &&
    (guaranteed === null || error <= guaranteed + guaranteedGrowth * age)
  );
}

export const addServer = (segment: Segment, address: string, error: (at: number) => Nanoseconds = () => 0): SimulatedNtpServer =>
  segment.addServer(new SimulatedNtpServer({ name: `server-${address}`, address, error }));

export const ntpOf = (host: SegmentHost, source = "a") => host.engine.sources().find((snapshot) => snapshot.source === source)?.ntp;

/** A segment, and when NTP requests were sent on it, s. */
export function countRequests(): { segment: Segment; times: number[] } {
  const times: number[] = [];
  const segment = aSegment({
    loses({ bytes }, at) {
      if (bytes.length === 48 && ((bytes[0] ?? 0) & 7) === 3) times.push(at);
      return false;
    },
  });
  return { segment, times };
}
