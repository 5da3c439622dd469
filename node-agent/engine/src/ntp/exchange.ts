/**
 * Requests and their answers. An exchange is T1 (our transmit stamp), T2, T3 (the server's), T4 (our receive stamp); its parts come
 * in any order, late, twice or never. toRemote = T2 − T1, toLocal = T4 − T3 (docs/concepts/signs.md).
 *
 * Interleaved (RFC 9769 2): the T3 that stands in an answer was written before the answer went, from user space. A request that
 * names an earlier exchange by its T2 is answered with that one's T3 as the kernel stamped it. So in this mode toRemote is told when
 * the answer comes, and toLocal when the next answer brings its true T3, one exchange later.
 */
import type { Measurement, RemoteState } from "../ensemble/measurement.js";
import { type Instant, type Nanoseconds, subtractInstants } from "../time/units.js";
import type {
  AssociationData,
  AssociationMachine,
  AssociationOutput,
  AssociationStep,
  Exchange,
  Proven,
  Reply,
  Timed,
} from "./association-data.js";
import { labelOffset } from "./remote-state.js";

/** Exchanges that are remembered; older ones are forgotten, whatever becomes of them. */
export const mostExchanges = 8;
/** Basic answers to interleaved requests until T3 is no longer waited for. */
const basicUntilImpatient = 2;
/** Rate of either clock against the other at most, ns per ns. */
const largestRate = 500e-6;

/** Its transmit stamp; null: it never came. */
export function stampExchange(config: AssociationMachine, data: AssociationData, sequence: number, sent: Timed | null): AssociationStep {
  const exchange = find(data, sequence);
  if (exchange === null || exchange.sent !== null) return { data, outputs: [] };
  const outputs: AssociationOutput[] = sent === null ? [{ kind: "dropped", reason: "no-stamp" }] : [];
  return settle(config, replace(data, { ...exchange, sent: sent ?? "missing" }), sequence, outputs);
}

/** A good answer. `interleaved`: its T3 is that of the exchange that `exchange` was based on. */
export function answerExchange(
  config: AssociationMachine,
  data: AssociationData,
  exchange: Exchange,
  reply: Omit<Reply, "written">,
  transmit: Instant,
  interleaved: boolean,
): AssociationStep {
  const outputs: AssociationOutput[] = [];
  const { sequence } = exchange;
  const asked = exchange.interleavedCookie !== null;
  const basicInRow = interleaved ? 0 : data.basicInRow + (asked ? 1 : 0);
  const patient = config.interleaved && basicInRow < basicUntilImpatient && !data.mayHaveJumped;
  const waits = interleaved || patient;
  let next = replace(
    { ...data, basicInRow, interleaved, base: config.interleaved ? { sequence, missed: 0 } : null },
    { ...exchange, answered: true, reply: { ...reply, written: interleaved ? null : transmit }, transmit: waits ? null : transmit },
  );
  // What the one before has waited for is here, or will not come any more.
  const before = interleaved ? exchange.base : (data.base?.sequence ?? null);
  const base = before === null || before === sequence ? null : find(next, before);
  if (base !== null && base.transmit === null && base.reply !== null) {
    const known = interleaved ? transmit : base.reply.written;
    if (known !== null) next = take(settle(config, replace(next, { ...base, transmit: known }), base.sequence, []), outputs);
  }
  return settle(config, next, sequence, outputs);
}

function take({ data, outputs }: AssociationStep, into: AssociationOutput[]): AssociationData {
  into.push(...outputs);
  return data;
}

export function find({ exchanges }: AssociationData, sequence: number): Exchange | null {
  return exchanges.find((candidate) => candidate.sequence === sequence) ?? null;
}

export function replace(data: AssociationData, exchange: Exchange): AssociationData {
  return { ...data, exchanges: data.exchanges.map((old) => (old.sequence === exchange.sequence ? exchange : old)) };
}

/** Tells what is complete of one exchange and was not told. */
function settle(config: AssociationMachine, data: AssociationData, sequence: number, outputs: AssociationOutput[]): AssociationStep {
  const exchange = find(data, sequence);
  if (exchange === null) return { data, outputs };
  const { sent, reply, transmit, told } = exchange;
  // Without its T1 nothing says how long it took: neither way is believed.
  if (sent === null || sent === "missing" || reply === null) return { data, outputs };
  let next = data;
  const toLocal = transmit !== null && !told.toLocal;
  if (toLocal) {
    const round = roundOf(config, sent, reply, transmit);
    const reason = refusalOf(reply, transmit, round);
    next = replace(next, { ...exchange, told: { toLocal: true, toRemote: true } });
    if (reason !== null) return { data: next, outputs: [...outputs, { kind: "dropped", reason }] };
    next = proveLabels(next, round, reply);
  } else next = replace(next, { ...exchange, told: { ...told, toRemote: true } });
  const shift = labelOffset(config) * 1e9;
  const tell = (timed: Timed, way: Pick<Measurement, "kind" | "value">): void => {
    const measurement = { ...base(config, next, timed, reply.resolution), ...way };
    if (next.remote !== null) outputs.push({ kind: "measure", measurement: { ...measurement, remoteState: asOf(next.remote, reply) } });
  };
  if (!told.toRemote) tell(sent, { kind: "toRemote", value: subtractInstants(reply.receive, sent.stamp) + shift });
  if (toLocal) tell(reply.arrival, { kind: "toLocal", value: subtractInstants(reply.arrival.stamp, transmit) - shift });
  return { data: next, outputs };
}

/** What an answer told late says of its server: what is said now, and no smaller an error than when its labels were written. */
function asOf(remote: RemoteState, { rootHard }: Reply): RemoteState {
  if (rootHard === null || remote.rootHard === null || rootHard <= remote.rootHard) return remote;
  const more = rootHard - remote.rootHard;
  return {
    ...remote,
    rootHard,
    rootSystematic: remote.rootSystematic === remote.rootHard ? remote.rootHard + more : remote.rootSystematic,
  };
}

interface Round extends Proven {
  /** (T4 − T1) − (T3 − T2), and T4 − T1, ns, both on the free oscillator. */
  readonly delay: Nanoseconds;
  readonly duration: Nanoseconds;
}

/** Steering is taken out of T1 and T4: a slew, or a step, between the two is no delay. */
function roundOf(config: AssociationMachine, sent: Timed, { receive, arrival }: Reply, transmit: Instant): Round {
  const shift = labelOffset(config) * 1e9;
  const toRemote = subtractInstants(receive, sent.stamp) + shift + sent.stamp.steering;
  const toLocal = subtractInstants(arrival.stamp, transmit) - shift - arrival.stamp.steering;
  const delay = toLocal + toRemote;
  const duration = (arrival.stamp.raw - sent.stamp.raw) * 1e9;
  return { delay, duration, half: delay / 2, offset: (toLocal - toRemote) / 2, raw: arrival.stamp.raw };
}

function refusalOf({ receive, resolution }: Reply, transmit: Instant, { delay, duration }: Round): string | null {
  if (subtractInstants(transmit, receive) < -resolution) return "transmit-before-receive";
  return delay < -2 * resolution - largestRate * duration ? "negative-delay" : null;
}

/** Back from "unsynchronized": when both readings cannot be of one clock, what was learnt of its labels is void. */
function proveLabels(data: AssociationData, { raw, offset, half }: Round, { resolution }: Reply): AssociationData {
  const before = data.proven;
  const kept = { ...data, proven: { raw, offset, half }, mayHaveJumped: false };
  if (!data.mayHaveJumped || before === null) return kept;
  const possible = Math.abs(before.half) + Math.abs(half) + 2 * resolution + largestRate * (raw - before.raw) * 1e9;
  return Math.abs(offset - before.offset) <= possible ? kept : { ...kept, remoteEra: data.remoteEra + 1 };
}

function base(config: AssociationMachine, data: AssociationData, { stamp, era }: Timed, resolution: Nanoseconds) {
  return {
    link: config.link,
    local: config.clock,
    at: stamp.raw,
    steering: stamp.steering,
    localEra: era,
    remoteEra: data.remoteEra,
    stampClass: "kernel" as const,
    resolution,
    hardMin: 0,
  };
}
