/**
 * A timeTransmitter-only ordinary clock (IEEE 1588-2019 9.2.2.1, serverOnly): a grandmaster whose time is a reference that
 * this node owns, or keeps by other sources. Sync and Follow_Up are a native program; here are Announce (9.5.8) and Delay_Resp (9.5.12).
 *
 * What it announces follows from the error that its owner vouches for, or from the one that is proven, never from a user's wish (7.6.2).
 */
import type { Stamp, SyncTemplates } from "../host.js";
import { currentTaiMinusUtc } from "../time/leap-table.js";
import type { Nanoseconds, Raw } from "../time/units.js";
import { encodeMessage } from "../wire/ptp/encode.js";
import type { PortIdentity } from "../wire/ptp/identity.js";
import { type AnnounceBody, flag, type Header, type PtpMessage } from "../wire/ptp/message.js";
import { type AnnouncedQuality, clockClass } from "./announced-accuracy.js";
import { accuracyCode, unknownAccuracy } from "./clock-accuracy.js";

export interface TimeTransmitterConfig {
  readonly grandmaster: string;
  readonly clock: string;
  readonly clockScale: "UTC" | "TAI";
  readonly reference: "PHC" | "SystemClock" | "FreeRunning";
  /** Largest error of the reference, ns. */
  readonly uncertainty: Nanoseconds;
  readonly delayCompensation: Nanoseconds;
  readonly domainNumber: number;
  readonly port: PortIdentity;
  readonly priority1: number;
  readonly priority2: number;
  readonly logSyncInterval: number;
  readonly logAnnounceInterval: number;
  readonly logDelayRequestInterval: number;
  readonly dscp: number;
}

export interface TransmitterData {
  readonly announceSequence: number;
  readonly nextAnnounce: Raw;
}

export const startTransmitter = (at: Raw): TransmitterData => ({ announceSequence: 0, nextAnnounce: at });

/** timeSource, table 6. */
const timeSource = { PHC: 0x90, SystemClock: 0x90, FreeRunning: 0xa0 } as const;
/** What the owner of a reference vouches for; nobody vouches for a free-running one. */
export function ownedQuality({ reference, uncertainty }: TimeTransmitterConfig): AnnouncedQuality {
  if (reference === "FreeRunning") return { clockClass: clockClass.unlocked, clockAccuracy: unknownAccuracy };
  return { clockClass: clockClass.locked, clockAccuracy: accuracyCode(uncertainty) };
}

function announceBody(config: TimeTransmitterConfig, quality: AnnounceBody["quality"]): AnnounceBody {
  return {
    origin: { seconds: 0, nanoseconds: 0 },
    currentUtcOffset: currentTaiMinusUtc(),
    priority1: config.priority1,
    quality,
    priority2: config.priority2,
    grandmasterIdentity: config.port.clockIdentity,
    stepsRemoved: 0,
    timeSource: timeSource[config.reference],
  };
}

function headerOf(config: TimeTransmitterConfig, change: Partial<Header>): Header {
  return {
    sdoId: 0,
    minorVersion: 1,
    domainNumber: config.domainNumber,
    flags: 0,
    correction: 0,
    source: config.port,
    sequenceId: 0,
    logInterval: 0,
    ...change,
  };
}

/** Raw time of the next Announce. */
export const transmitterDeadline = (data: TransmitterData): Raw => data.nextAnnounce;

/**
 * @param variance offsetScaledLogVariance of 7.6.3.3
 * @param quality of the reference, where it is not its owner who vouches for it
 * @returns the Announce that is due, or null
 */
export function tickTransmitter(
  config: TimeTransmitterConfig,
  data: TransmitterData,
  at: Raw,
  variance: number,
  quality: AnnouncedQuality = ownedQuality(config),
): { data: TransmitterData; announce: Uint8Array | null } {
  if (at < data.nextAnnounce) return { data, announce: null };
  const isTraceable = quality.clockClass !== clockClass.unlocked;
  // Whoever promised a reference and has none says so; one that runs free promised nothing.
  const isUncertain = !isTraceable && config.reference !== "FreeRunning";
  const flags =
    flag.ptpTimescale |
    flag.currentUtcOffsetValid |
    (isTraceable ? flag.timeTraceable | flag.frequencyTraceable : 0) |
    (isUncertain ? flag.synchronizationUncertain : 0);
  const header = headerOf(config, { flags, sequenceId: data.announceSequence, logInterval: config.logAnnounceInterval });
  const interval = 2 ** config.logAnnounceInterval;
  const late = at - data.nextAnnounce > interval;
  return {
    data: { announceSequence: (data.announceSequence + 1) & 0xffff, nextAnnounce: late ? at + interval : data.nextAnnounce + interval },
    announce: encodeMessage({ type: "Announce", header, body: announceBody(config, { ...quality, offsetScaledLogVariance: variance }) }),
  };
}

/** Templates of the native Sync program: two-step, so the precise time travels in Follow_Up. */
export function syncTemplates(config: TimeTransmitterConfig): SyncTemplates {
  const origin = { seconds: 0, nanoseconds: 0 };
  const logInterval = config.logSyncInterval;
  return {
    clock: config.clock,
    sync: encodeMessage({ type: "Sync", header: headerOf(config, { flags: flag.twoStep, logInterval }), origin }),
    followUp: encodeMessage({
      type: "Follow_Up",
      // True time is label + compensation (docs/concepts/signs.md), and receivers add the correction to the label (11.2).
      header: headerOf(config, { logInterval, correction: config.delayCompensation }),
      preciseOrigin: origin,
    }),
    logInterval,
    labelOffsetSeconds: labelOffset(config),
    dscp: config.dscp,
  };
}

/** Our labels are TAI (ptpTimescale TRUE, 7.2.2). */
function labelOffset(config: TimeTransmitterConfig): number {
  return config.clockScale === "UTC" ? currentTaiMinusUtc() : 0;
}

/** Delay_Resp of 9.5.12 with the request's own correction (11.3.2), or null when the request carries no stamp or comes from ourselves. */
export function answerDelayRequest(config: TimeTransmitterConfig, message: PtpMessage, stamp: Stamp | null): Uint8Array | null {
  if (message.type !== "Delay_Req" || !stamp || message.header.source.clockIdentity === config.port.clockIdentity) return null;
  const header = headerOf(config, {
    sequenceId: message.header.sequenceId,
    // Here they subtract it (11.3.2).
    correction: message.header.correction - config.delayCompensation,
    logInterval: config.logDelayRequestInterval,
  });
  return encodeMessage({
    type: "Delay_Resp",
    header,
    receive: { seconds: stamp.seconds + labelOffset(config), nanoseconds: stamp.nanoseconds },
    requester: message.header.source,
  });
}
