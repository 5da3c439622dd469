/** What an Announce says of its sender's time, as the ensemble wants it, and in which scale the sender's labels are. */
import type { RemoteState } from "../ensemble/measurement.js";
import { currentTaiMinusUtc, judgeLeapTable, type LeapTable, leapTable } from "../time/leap-table.js";
import { formatClockIdentity } from "../wire/ptp/identity.js";
import { flag } from "../wire/ptp/message.js";
import { accuracyEdge } from "./clock-accuracy.js";
import type { ForeignTimeTransmitter } from "./foreign-time-transmitters.js";
import type { TimeReceiverConfig } from "./receiver-data.js";

/**
 * What the sender says of its own time. Labels are turned into the local clock's scale by `readLabels`, so `scale` here says
 * whether that was possible.
 */
export function remoteStateOf(config: TimeReceiverConfig, parent: ForeignTimeTransmitter): RemoteState {
  const { header, body } = parent;
  const ptpTimescale = (header.flags & flag.ptpTimescale) !== 0;
  const arbitrary = !ptpTimescale && config.arbitraryTimescale === "Refuse";
  const edge = accuracyEdge(body.quality.clockAccuracy);
  const vouched = config.uncertainty;
  const rootHard = edge === null ? vouched : Math.max(edge, vouched ?? 0);
  return {
    scale: arbitrary ? "ARB" : ptpTimescale ? "TAI" : "UTC",
    taiMinusUtc: (header.flags & flag.currentUtcOffsetValid) !== 0 ? body.currentUtcOffset : null,
    leap: (header.flags & flag.leap61) !== 0 ? 1 : (header.flags & flag.leap59) !== 0 ? -1 : 0,
    rootHard,
    rootSigma: null,
    rootTau: null,
    rootSystematic: rootHard,
    path: [formatClockIdentity(body.grandmasterIdentity)],
    stepsRemoved: body.stepsRemoved,
    uncertain: (header.flags & flag.synchronizationUncertain) !== 0,
  };
}

/** How the labels of a sender are read. */
export interface LabelReading {
  /** Seconds to add to a label so that it reads in the local clock's scale. */
  readonly offset: number;
  /** What the sender says of itself, as far as it can be judged. */
  readonly remote: RemoteState;
}

/**
 * The table decides, not the sender: 37 s errors are the classic. Once it has expired nobody here knows better than the sender what its
 * labels are made of: then its own currentUtcOffset counts, which can no longer be disputed, and the vote among sources remains.
 * @param labelSeconds seconds of one of its labels
 */
export function readLabels(
  config: TimeReceiverConfig,
  remote: RemoteState,
  labelSeconds: number,
  table: LeapTable = leapTable,
): LabelReading {
  if (remote.scale !== "TAI") return { offset: config.clockScale === "TAI" ? currentTaiMinusUtc(table) : 0, remote };
  const known = currentTaiMinusUtc(table);
  if (config.clockScale === "TAI") return { offset: 0, remote };
  if (remote.taiMinusUtc === null || judgeLeapTable(labelSeconds - known, table) !== "Expired") return { offset: -known, remote };
  return { offset: -remote.taiMinusUtc, remote: { ...remote, taiMinusUtc: null } };
}
