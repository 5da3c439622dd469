/**
 * Event messages and what belongs to them: Sync with its Follow_Up, Delay_Req with its transmit stamp and its Delay_Resp
 * (IEEE 1588-2019 11.2 and 11.3). Halves come in any order, late, twice or never; a whole becomes a measurement.
 */
import type { RemoteState } from "../ensemble/measurement.js";
import type { Stamp } from "../host.js";
import { type Instant, type Nanoseconds, subtractInstants } from "../time/units.js";
import { flag, type Header } from "../wire/ptp/message.js";
import {
  type PendingDelay,
  type PendingSync,
  type ReceiverData,
  type ReceiverStep,
  refuse,
  type TimeReceiverConfig,
  unchanged,
} from "./receiver-data.js";
import { readLabels } from "./remote-state.js";

/** Messages waiting for their other half; more are dropped, oldest first. */
const pendingLimit = 8;

export function receiveSync(
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
  return unchanged({ ...data, syncs: keepPending(data.syncs, sync) });
}

export function receiveFollowUp(
  config: TimeReceiverConfig,
  data: ReceiverData,
  header: Header,
  origin: Instant,
  era: number,
): ReceiverStep {
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
  const labels = readLabels(config, remote, origin.seconds);
  const value = subtractInstants(sync.stamp, origin) - labels.offset * 1e9 - sync.correction - correction;
  const measurement = { ...base(config, data, labels.remote, sync.stamp, era), kind: "toLocal" as const, value };
  return { data: noteMeasured(data, "toLocal"), outputs: [{ kind: "measure", measurement }] };
}

export function receiveDelayResponse(
  config: TimeReceiverConfig,
  data: ReceiverData,
  header: Header,
  receive: Instant,
  era: number,
): ReceiverStep {
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

/** A Delay_Req goes out under the next sequenceId (9.5.11). */
export function openRequest(data: ReceiverData): ReceiverStep {
  const sequenceId = data.nextSequence;
  const delays = keepPending(data.delays, { sequenceId, sent: null, received: null });
  return { data: { ...data, nextSequence: (sequenceId + 1) & 0xffff, delays }, outputs: [{ kind: "request", sequenceId }] };
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
  const labels = readLabels(config, remote, delay.received.instant.seconds);
  const value = subtractInstants(delay.received.instant, delay.sent) + labels.offset * 1e9 - delay.received.correction;
  const measurement = { ...base(config, data, labels.remote, delay.sent, era), kind: "toRemote" as const, value };
  return { data: noteMeasured({ ...data, delays: others }, "toRemote"), outputs: [{ kind: "measure", measurement }] };
}

/** A half that waits. sequenceId wraps: one of the same number is what is left of an exchange 65,536 ago, and goes. */
function keepPending<P extends { readonly sequenceId: number }>(pending: readonly P[], newest: P): readonly P[] {
  return [...pending.filter(({ sequenceId }) => sequenceId !== newest.sequenceId), newest].slice(-pendingLimit);
}

function noteMeasured(data: ReceiverData, way: keyof ReceiverData["measured"]): ReceiverData {
  if (data.measured[way]) return data;
  const measured = { ...data.measured, [way]: true };
  return { ...data, measured, state: measured.toLocal && measured.toRemote ? "SLAVE" : data.state };
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
