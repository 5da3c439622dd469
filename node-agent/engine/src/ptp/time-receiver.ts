/**
 * A timeReceiver-only ordinary clock (IEEE 1588-2019 9.2.2.2, clientOnly) on one port, end-to-end delay mechanism, one source.
 *
 * The state machine is figure 31 without the timeTransmitter half:
 *   LISTENING ──qualified Announce──► UNCALIBRATED ──first measurement both ways──► SLAVE
 *   any ──ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES──► LISTENING                (9.2.6.12)
 * Its output is measurements and Delay_Req; what becomes of them is the ensemble's business (no servo here).
 */
import type { LinkId, Measurement, RemoteState } from "../ensemble/measurement.js";
import type { Stamp } from "../host.js";
import { currentTaiMinusUtc } from "../time/leap-table.js";
import { type Instant, type Nanoseconds, type Raw, subtractInstants } from "../time/units.js";
import { comparePortIdentity, type ClockIdentity, formatClockIdentity, type PortIdentity } from "../wire/ptp/identity.js";
import { flag, type Header, type PtpMessage } from "../wire/ptp/message.js";
import { accuracyEdge } from "./clock-accuracy.js";
import { bestOf, expire, type ForeignTable, type ForeignTimeTransmitter, recordAnnounce } from "./foreign-time-transmitters.js";

export interface TimeReceiverConfig {
  readonly link: LinkId;
  readonly clock: string;
  /** Scale of the local clock's seconds. */
  readonly clockScale: "UTC" | "TAI";
  readonly domainNumber: number;
  readonly port: PortIdentity;
  /** s. */
  readonly announceInterval: number;
  readonly syncInterval: number;
  readonly delayRequestInterval: number;
  readonly announceReceiptTimeout: number;
  readonly arbitraryTimescale: "Refuse" | "UTC";
  readonly acceptableAddresses: readonly string[];
  readonly acceptableClockIdentity: ClockIdentity | null;
  /** Largest error of the source, for which the user vouches, ns; null: not given. */
  readonly uncertainty: Nanoseconds | null;
}

export type ReceiverState = "LISTENING" | "UNCALIBRATED" | "SLAVE";

interface PendingSync {
  readonly sequenceId: number;
  readonly stamp: Stamp;
  readonly correction: Nanoseconds;
}

interface PendingDelay {
  readonly sequenceId: number;
  readonly sent: Stamp | null;
  readonly received: { readonly instant: Instant; readonly correction: Nanoseconds } | null;
}

export interface ReceiverData {
  readonly state: ReceiverState;
  readonly foreign: ForeignTable;
  /** parentDS and timePropertiesDS, from the latest Announce of the one that is followed. */
  readonly parent: ForeignTimeTransmitter | null;
  /** Its Announce must be repeated before this; raw s. */
  readonly announceDeadline: Raw;
  readonly remote: RemoteState | null;
  /** +1 when what the labels mean has changed. */
  readonly remoteEra: number;
  readonly syncs: readonly PendingSync[];
  readonly delays: readonly PendingDelay[];
  readonly nextSequence: number;
  readonly nextDelayRequest: Raw;
  /** Requests left of the burst that starts a new source. */
  readonly burst: number;
  /** min Delay_Req interval that the parent allows, s (Delay_Resp.logMessageInterval). */
  readonly allowedInterval: number;
}

/** Messages waiting for their other half; more are dropped, oldest first. */
const pendingLimit = 8;
/** Delay_Reqs sent at the Sync rate to start with, so that a lock takes seconds at any Delay_Req rate. */
const startBurst = 8;

export type ReceiverOutput =
  | { readonly kind: "measure"; readonly measurement: Measurement }
  | { readonly kind: "request"; readonly sequenceId: number }
  | { readonly kind: "dropped"; readonly reason: string };

export interface ReceiverStep {
  readonly data: ReceiverData;
  readonly outputs: readonly ReceiverOutput[];
}

export function startReceiver(): ReceiverData {
  return {
    state: "LISTENING",
    foreign: [],
    parent: null,
    announceDeadline: Number.POSITIVE_INFINITY,
    remote: null,
    remoteEra: 0,
    syncs: [],
    delays: [],
    nextSequence: 0,
    nextDelayRequest: Number.POSITIVE_INFINITY,
    burst: 0,
    allowedInterval: 0,
  };
}

const unchanged = (data: ReceiverData): ReceiverStep => ({ data, outputs: [] });
const refuse = (data: ReceiverData, reason: string): ReceiverStep => ({ data, outputs: [{ kind: "dropped", reason }] });

/**
 * One message of this instance's domain. `stamp` is null for general messages and when the kernel gave none; `address` is the
 * sender's IPv4, `at` the raw time of arrival, `era` the local clock's.
 */
export function receiveMessage(
  config: TimeReceiverConfig,
  data: ReceiverData,
  message: PtpMessage,
  stamp: Stamp | null,
  address: string,
  at: Raw,
  era: number,
): ReceiverStep {
  const { header } = message;
  if (header.source.clockIdentity === config.port.clockIdentity) return refuse(data, "own");
  if (message.type === "Delay_Req" || message.type === "Signaling" || message.type === "Management") return unchanged(data);
  if (!isAcceptable(config, header, address)) return refuse(data, "not-acceptable");
  switch (message.type) {
    case "Announce":
      return receiveAnnounce(config, data, message.header, message.body, address, at);
    case "Sync":
      return isParent(data, header) ? receiveSync(config, data, header, message.origin, stamp, era) : unchanged(data);
    case "Follow_Up":
      return isParent(data, header) ? receiveFollowUp(config, data, header, message.preciseOrigin, era) : unchanged(data);
    case "Delay_Resp":
      if (comparePortIdentity(message.requester, config.port) !== 0 || !isParent(data, header)) return unchanged(data);
      return receiveDelayResponse(config, data, header, message.receive, era);
    case "Pdelay_Req":
    case "Pdelay_Resp":
    case "Pdelay_Resp_Follow_Up":
      break;
  }
  return refuse(data, "peer-delay");
}

function isAcceptable(config: TimeReceiverConfig, header: Header, address: string): boolean {
  if (config.acceptableAddresses.length > 0 && !config.acceptableAddresses.includes(address)) return false;
  return config.acceptableClockIdentity === null || config.acceptableClockIdentity === header.source.clockIdentity;
}

function isParent(data: ReceiverData, header: Header): boolean {
  return data.parent !== null && comparePortIdentity(data.parent.sender, header.source) === 0;
}

/** 9.5.3: qualification and selection on every Announce, on this instance's own table. */
function receiveAnnounce(
  config: TimeReceiverConfig,
  data: ReceiverData,
  header: Header,
  body: ForeignTimeTransmitter["body"],
  address: string,
  at: Raw,
): ReceiverStep {
  if ((header.flags & flag.alternateTimeTransmitter) !== 0) return refuse(data, "alternate-time-transmitter"); // 17.3.3.2
  if (body.stepsRemoved >= 255) return refuse(data, "steps-removed"); // 9.3.2.5 d
  if (body.grandmasterIdentity === config.port.clockIdentity) return refuse(data, "own");
  const foreign = recordAnnounce(data.foreign, { sender: header.source, header, body, address }, at, config.announceInterval);
  return selectParent(config, { ...data, foreign }, at);
}

function selectParent(config: TimeReceiverConfig, data: ReceiverData, at: Raw): ReceiverStep {
  const best = bestOf(data.foreign, config.port);
  if (!best) return unchanged(data);
  const remote = remoteStateOf(config, best);
  const announceDeadline = (best.arrivals.at(-1) ?? at) + config.announceReceiptTimeout * config.announceInterval;
  const same = data.parent !== null && comparePortIdentity(data.parent.sender, best.sender) === 0;
  if (same) {
    const meaning = data.remote !== null && (data.remote.scale !== remote.scale || data.remote.path[0] !== remote.path[0]);
    return unchanged({ ...data, parent: best, remote, announceDeadline, remoteEra: data.remoteEra + (meaning ? 1 : 0) });
  }
  return unchanged({
    ...data,
    state: "UNCALIBRATED",
    parent: best,
    remote,
    announceDeadline,
    remoteEra: data.remoteEra + 1,
    syncs: [],
    delays: [],
    burst: startBurst,
    nextDelayRequest: at,
    allowedInterval: 0,
  });
}

/**
 * What the sender says of its own time. Labels are turned into the local clock's scale by `labelOffset`, so `scale` here says
 * whether that was possible.
 */
function remoteStateOf(config: TimeReceiverConfig, parent: ForeignTimeTransmitter): RemoteState {
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

/** Seconds to add to a label so that it reads in the local clock's scale. The table decides, not the sender: 37 s errors are the classic. */
function labelOffset(config: TimeReceiverConfig, remote: RemoteState): number {
  if (remote.scale === "TAI") return config.clockScale === "TAI" ? 0 : -currentTaiMinusUtc();
  return config.clockScale === "TAI" ? currentTaiMinusUtc() : 0;
}

function receiveSync(
  config: TimeReceiverConfig,
  data: ReceiverData,
  header: Header,
  origin: Instant,
  stamp: Stamp | null,
  era: number,
): ReceiverStep {
  if (!stamp) return refuse(data, "no-stamp");
  const sync: PendingSync = { sequenceId: header.sequenceId, stamp, correction: header.correction };
  if ((header.flags & flag.twoStep) === 0) return measureToLocal(config, data, sync, origin, 0, era);
  return unchanged({ ...data, syncs: [...data.syncs, sync].slice(-pendingLimit) });
}

function receiveFollowUp(config: TimeReceiverConfig, data: ReceiverData, header: Header, origin: Instant, era: number): ReceiverStep {
  const sync = data.syncs.find((candidate) => candidate.sequenceId === header.sequenceId);
  if (!sync) return refuse(data, "unmatched-follow-up");
  const syncs = data.syncs.filter((candidate) => candidate !== sync);
  return measureToLocal(config, { ...data, syncs }, sync, origin, header.correction, era);
}

/** offsetFromMaster + meanPathDelay of 11.2: t2 − t1 − corrections. */
function measureToLocal(
  config: TimeReceiverConfig,
  data: ReceiverData,
  sync: PendingSync,
  origin: Instant,
  correction: Nanoseconds,
  era: number,
): ReceiverStep {
  const { remote } = data;
  if (!remote) return unchanged(data);
  const value = subtractInstants(sync.stamp, origin) - labelOffset(config, remote) * 1e9 - sync.correction - correction;
  return { data, outputs: [{ kind: "measure", measurement: { ...base(config, data, remote, sync.stamp, era), kind: "toLocal", value } }] };
}

function receiveDelayResponse(config: TimeReceiverConfig, data: ReceiverData, header: Header, receive: Instant, era: number): ReceiverStep {
  const pending = data.delays.find((candidate) => candidate.sequenceId === header.sequenceId);
  if (!pending) return refuse(data, "unmatched-delay-response");
  const allowedInterval = header.logInterval >= -7 && header.logInterval <= 5 ? 2 ** header.logInterval : data.allowedInterval;
  return finishDelay(
    config,
    { ...data, allowedInterval },
    { ...pending, received: { instant: receive, correction: header.correction } },
    era,
  );
}

/** The kernel's transmit stamp of Delay_Req `sequenceId`; null: it never came, that exchange is lost and nothing else. */
export function stampRequest(
  config: TimeReceiverConfig,
  data: ReceiverData,
  sequenceId: number,
  stamp: Stamp | null,
  era: number,
): ReceiverStep {
  const pending = data.delays.find((candidate) => candidate.sequenceId === sequenceId);
  if (!pending) return unchanged(data);
  if (!stamp)
    return {
      data: { ...data, delays: data.delays.filter((candidate) => candidate !== pending) },
      outputs: [{ kind: "dropped", reason: "no-stamp" }],
    };
  return finishDelay(config, data, { ...pending, sent: stamp }, era);
}

/** t4 − t3 − correction once both halves are here, in whichever order they came. */
function finishDelay(config: TimeReceiverConfig, data: ReceiverData, delay: PendingDelay, era: number): ReceiverStep {
  const others = data.delays.filter((candidate) => candidate.sequenceId !== delay.sequenceId);
  const { remote } = data;
  if (!delay.sent || !delay.received || !remote) return unchanged({ ...data, delays: [...others, delay] });
  const value = subtractInstants(delay.received.instant, delay.sent) + labelOffset(config, remote) * 1e9 - delay.received.correction;
  return {
    data: { ...data, delays: others, state: "SLAVE" },
    outputs: [{ kind: "measure", measurement: { ...base(config, data, remote, delay.sent, era), kind: "toRemote", value } }],
  };
}

function base(config: TimeReceiverConfig, data: ReceiverData, remoteState: RemoteState, stamp: Stamp, localEra: number) {
  return {
    link: config.link,
    local: config.clock,
    at: stamp.raw,
    steering: stamp.steering,
    localEra,
    remoteEra: data.remoteEra,
    stampClass: "kernel" as const,
    resolution: 1,
    hardMin: 0,
    remoteState,
  };
}

/** Raw time at which `tick` must be called next. */
export function receiverDeadline(data: ReceiverData): Raw {
  return Math.min(data.announceDeadline, data.nextDelayRequest);
}

/** Timers: announce receipt timeout and the next Delay_Req (9.5.11.2: uniform in 0 … 2 × the interval). */
export function tickReceiver(config: TimeReceiverConfig, data: ReceiverData, at: Raw, random: number): ReceiverStep {
  if (at >= data.announceDeadline) {
    const foreign = expire(data.foreign, at, config.announceInterval).filter(
      (entry) => data.parent === null || comparePortIdentity(entry.sender, data.parent.sender) !== 0,
    );
    const fallen: ReceiverData = {
      ...data,
      foreign,
      state: "LISTENING",
      parent: null,
      remote: null,
      announceDeadline: Number.POSITIVE_INFINITY,
      nextDelayRequest: Number.POSITIVE_INFINITY,
      syncs: [],
      delays: [],
    };
    return selectParent(config, fallen, at);
  }
  if (at < data.nextDelayRequest) return unchanged(data);
  const sequenceId = data.nextSequence;
  const inBurst = data.burst > 0;
  const interval = inBurst ? Math.min(config.syncInterval, 0.125) : Math.max(config.delayRequestInterval, data.allowedInterval);
  return {
    data: {
      ...data,
      nextSequence: (sequenceId + 1) & 0xffff,
      delays: [...data.delays, { sequenceId, sent: null, received: null }].slice(-pendingLimit),
      nextDelayRequest: at + interval * (inBurst ? 1 : 2 * random),
      burst: inBurst ? data.burst - 1 : 0,
    },
    outputs: [{ kind: "request", sequenceId }],
  };
}
