/**
 * A timeReceiver-only ordinary clock (IEEE 1588-2019 9.2.2.2, clientOnly) on one port, end-to-end delay mechanism, one source.
 *
 * The state machine is figure 31 without the timeTransmitter half:
 *   LISTENING ──qualified Announce──► UNCALIBRATED ──first measurement both ways──► SLAVE
 *   any ──ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES──► LISTENING                (9.2.6.12)
 * Its output is measurements and Delay_Req; what becomes of them is the ensemble's business (no servo here).
 */
import type { Stamp } from "../host.js";
import type { Raw } from "../time/units.js";
import { comparePortIdentity } from "../wire/ptp/identity.js";
import { flag, type Header, type PtpMessage } from "../wire/ptp/message.js";
import { bestOf, expire, type ForeignTimeTransmitter, recordAnnounce } from "./foreign-time-transmitters.js";
import { nothingMeasured, type ReceiverData, type ReceiverStep, refuse, type TimeReceiverConfig, unchanged } from "./receiver-data.js";
import { openRequest, receiveDelayResponse, receiveFollowUp, receiveSync } from "./receiver-exchange.js";
import { remoteStateOf } from "./remote-state.js";

/** Delay_Reqs sent at the Sync rate to start with, so that a lock takes seconds at any Delay_Req rate. */
const startBurst = 8;

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
  const foreign = recordAnnounce(data.foreign, { sender: header.source, header, body, address }, at, {
    receiver: config.port,
    followed: data.parent?.sender ?? null,
    interval: config.announceInterval,
  });
  return selectParent(config, { ...data, foreign }, at);
}

function selectParent(config: TimeReceiverConfig, data: ReceiverData, at: Raw): ReceiverStep {
  const best = bestOf(data.foreign, config.port);
  if (!best) return unchanged(data);
  const remote = remoteStateOf(config, best);
  const announceDeadline = receiptDeadline(config, best);
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
    measured: nothingMeasured,
    syncs: [],
    delays: [],
    burst: startBurst,
    nextDelayRequest: at,
    allowedInterval: 0,
  });
}

/** 9.2.6.12: its next Announce must come before this. */
function receiptDeadline(config: TimeReceiverConfig, { arrivals }: ForeignTimeTransmitter): Raw {
  return (arrivals.at(-1) ?? Number.NEGATIVE_INFINITY) + config.announceReceiptTimeout * config.announceInterval;
}

/** Raw time at which `tick` must be called next. */
export function receiverDeadline(data: ReceiverData): Raw {
  return Math.min(data.announceDeadline, data.nextDelayRequest);
}

/** Timers: announce receipt timeout and the next Delay_Req (9.5.11.2: uniform in 0 … 2 × the interval). */
export function tickReceiver(config: TimeReceiverConfig, data: ReceiverData, at: Raw, random: number): ReceiverStep {
  if (at >= data.announceDeadline) {
    const foreign = expire(data.foreign, at, config.announceInterval).filter((entry) => receiptDeadline(config, entry) > at);
    const fallen: ReceiverData = {
      ...data,
      foreign,
      state: "LISTENING",
      parent: null,
      remote: null,
      announceDeadline: Number.POSITIVE_INFINITY,
      nextDelayRequest: Number.POSITIVE_INFINITY,
      measured: nothingMeasured,
      syncs: [],
      delays: [],
    };
    return selectParent(config, fallen, at);
  }
  if (at < data.nextDelayRequest) return unchanged(data);
  const inBurst = data.burst > 0;
  const interval = inBurst ? Math.min(config.syncInterval, 0.125) : Math.max(config.delayRequestInterval, data.allowedInterval);
  const next = { nextDelayRequest: at + interval * (inBurst ? 1 : 2 * random), burst: inBurst ? data.burst - 1 : 0 };
  return openRequest({ ...data, ...next });
}
