/** One NTP association inside the engine: the pure machine of ntp/association.ts with its data and its configuration. */
import { associationIdOf } from "./association-table.js";
import type { AssociationConfig, EngineConfig } from "./engine-config.js";
import type { LinkConfig } from "./ensemble/contract.js";
import type { ClockId } from "./ensemble/measurement.js";
import type { AssociationId, Stamp } from "./host.js";
import { linkOfSource } from "./link-of-source.js";
import {
  associationDeadline,
  closeAssociation,
  disturbAssociation,
  openAssociation,
  receiveDatagram,
  stampRequest,
  tickAssociation,
} from "./ntp/association.js";
import { type AssociationData, type AssociationMachine, type AssociationStep, startAssociation } from "./ntp/association-data.js";
import { lostUntilUnreachable } from "./ntp/poll-schedule.js";
import { type InstanceSink, kernelAsymmetryShare } from "./receiver-instance.js";
import type { SourceSnapshot } from "./source-snapshot.js";
import type { Nanoseconds, Raw } from "./time/units.js";
import { formatReferenceId } from "./wire/ntp/reference-id.js";

/** How an association stands, in one word; with what its server says of itself, or of us. */
export type AssociationState =
  | "Closed"
  | "Asking"
  | "Answered"
  | "Unreachable"
  | "Unsynchronized"
  | "RootDistance"
  | "Loop"
  | "Denied"
  | "RateLimited";

/**
 * RFC 5905 8: T3 is written before the packet is sent, and nothing in an answer says whether a kernel stamped it. chronyd 4.3 on one
 * machine, interleaved: 18 µs more one way than the other, of 26 µs in all.
 */
const userSpaceDelay: Nanoseconds = 50_000;

export class AssociationInstance {
  readonly config: AssociationConfig;
  readonly clock: ClockId;
  /** Upper 16 bits of the keys of its requests. */
  readonly index: number;
  readonly id: AssociationId;
  readonly #machine: AssociationMachine;
  #data: AssociationData;

  /** @param remoteEra of the instance that had this source before: the ensemble takes no measurement of an earlier era */
  constructor(config: AssociationConfig, engine: Pick<EngineConfig, "clock" | "clockScale">, index: number, remoteEra = 0) {
    const { source, logMinPoll, logMaxPoll, interleaved, uncertainty } = config;
    this.config = config;
    this.clock = engine.clock;
    this.index = index;
    this.id = associationIdOf(config);
    this.#machine = { link: source, clock: engine.clock, clockScale: engine.clockScale, logMinPoll, logMaxPoll, interleaved, uncertainty };
    this.#data = { ...startAssociation(this.#machine), remoteEra };
  }

  /** How often its labels are known to have jumped. */
  get remoteEra(): number {
    return this.#data.remoteEra;
  }

  open(address: string, localAddress: string, at: Raw, sink: InstanceSink): void {
    this.#take({ data: openAssociation(this.#machine, this.#data, address, localAddress, at), outputs: [] }, at, sink);
  }

  close(at: Raw, sink: InstanceSink): void {
    this.#take({ data: closeAssociation(this.#data), outputs: [] }, at, sink);
  }

  receive(bytes: Uint8Array, stamp: Stamp | null, at: Raw, era: number, sink: InstanceSink): void {
    if (this.#data.open) this.#take(receiveDatagram(this.#machine, this.#data, bytes, stamp, at, era), at, sink);
  }

  stamped(sequence: number, stamp: Stamp | null, at: Raw, era: number, sink: InstanceSink): void {
    if (this.#data.open) this.#take(stampRequest(this.#machine, this.#data, sequence, stamp, era), at, sink);
  }

  /** The local clock jumped by an unknown amount, and what was known of the server with it. */
  disturb(at: Raw, sink: InstanceSink): void {
    this.#take({ data: disturbAssociation(this.#data, at), outputs: [] }, at, sink);
  }

  /** @returns true: close the socket and open it again. */
  tick(at: Raw, random: () => number, sink: InstanceSink): boolean {
    return this.#take(tickAssociation(this.#machine, this.#data, at, random), at, sink);
  }

  deadline(): Raw {
    return associationDeadline(this.#data);
  }

  /** The newest request was answered, with time or without. */
  get isAnswering(): boolean {
    const { poll, trouble } = this.#data;
    return poll.unanswered === 0 && (poll.reach !== 0 || trouble !== null);
  }

  /** Between two requests at present, s. */
  get interval(): number {
    return 2 ** this.#data.poll.log;
  }

  /** Between two requests when it was last heard, s. Silence is judged by it: a server that is asked less because it is silent stays silent. */
  get heardInterval(): number {
    return 2 ** this.#data.poll.heardLog;
  }

  /** PTP's. */
  readonly grandmaster = null;

  get state(): AssociationState {
    const { open, trouble, poll } = this.#data;
    if (!open) return "Closed";
    if (trouble !== null) return trouble;
    if (poll.reach !== 0) return "Answered";
    return poll.unanswered < lostUntilUnreachable ? "Asking" : "Unreachable";
  }

  snapshot(): SourceSnapshot {
    const { remote, stratum, followedStratum, referenceId, rootDelay, address, poll, interleaved } = this.#data;
    return {
      source: this.config.source,
      portState: null,
      grandmasterIdentity: null,
      clockClass: null,
      currentUtcOffset: null,
      currentUtcOffsetValid: false,
      stepsRemoved: remote?.stepsRemoved ?? null,
      leap: remote?.leap ?? null,
      ntp: {
        state: this.state,
        address,
        stratum,
        followedStratum,
        referenceId: stratum === null || referenceId === null ? null : formatReferenceId(stratum, referenceId),
        rootDelay: remote === null ? null : rootDelay,
        poll: this.interval,
        reachability: poll.reach,
        interleaved,
      },
    };
  }

  link(): LinkConfig {
    const { config, clock, heardInterval: interval } = this;
    return linkOfSource(config, { clock, interval, asymmetryShare: kernelAsymmetryShare, unstampedDelay: userSpaceDelay });
  }

  #take({ data, outputs }: AssociationStep, at: Raw, sink: InstanceSink): boolean {
    const from = this.state;
    this.#data = data;
    const to = this.state;
    if (from !== to) sink.emit({ kind: "PortStateChanged", instance: this.id, from, to, reason: to, at });
    let reopens = false;
    for (const output of outputs) {
      switch (output.kind) {
        case "measure":
          sink.measure(output.measurement);
          break;
        case "request":
          sink.act({ kind: "SendDatagram", association: this.id, bytes: output.bytes, key: this.index * 0x1_0000 + output.sequence });
          break;
        case "dropped":
          sink.emit({ kind: "PacketDropped", port: this.id, reason: output.reason });
          break;
        case "reopen":
          reopens = true;
          break;
      }
    }
    return reopens;
  }
}
