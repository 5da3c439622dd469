/** One timeReceiver instance inside the engine: the pure machine of ptp/time-receiver.ts with its data and its configuration. */
import type { LinkConfig } from "./ensemble/contract.js";
import type { ClockId, Measurement } from "./ensemble/measurement.js";
import type { EngineConfig, ReceiverInstanceConfig } from "./engine-config.js";
import type { Action, EngineEvent, Stamp } from "./host.js";
import { linkOfSource } from "./link-of-source.js";
import { type ReceiverData, type ReceiverStep, startReceiver, type TimeReceiverConfig } from "./ptp/receiver-data.js";
import { stampRequest } from "./ptp/receiver-exchange.js";
import { receiveMessage, receiverDeadline, tickReceiver } from "./ptp/time-receiver.js";
import type { SourceSnapshot } from "./source-snapshot.js";
import type { Raw } from "./time/units.js";
import { encodeMessage } from "./wire/ptp/encode.js";
import { type ClockIdentity, formatClockIdentity, type PortIdentity } from "./wire/ptp/identity.js";
import type { PtpMessage } from "./wire/ptp/message.js";

/**
 * Kernel stamps: an idle CPU answers late on one side only. Measured over veth at one packet in 62 ms: 2210 ns one way and 450 ns back,
 * two thirds of the mean floor; more than all of it there cannot be.
 */
export const kernelAsymmetryShare = 0.75;

export class ReceiverInstance {
  readonly config: ReceiverInstanceConfig;
  readonly clock: ClockId;
  /** Upper 16 bits of the keys of its event messages. */
  readonly index: number;
  readonly #scale: "UTC" | "TAI";
  #machine: TimeReceiverConfig | null = null;
  #data: ReceiverData;

  /** @param remoteEra of the instance that had this source before: the ensemble takes no measurement of an earlier era */
  constructor(config: ReceiverInstanceConfig, engine: Pick<EngineConfig, "clock" | "clockScale">, index: number, remoteEra = 0) {
    this.#data = { ...startReceiver(), remoteEra };
    this.config = config;
    this.clock = engine.clock;
    this.#scale = engine.clockScale;
    this.index = index;
  }

  /** The port is open: listen from the start, under this identity. */
  start(port: PortIdentity): void {
    const { timing, ...config } = this.config;
    this.#machine = {
      link: config.source,
      clock: this.clock,
      clockScale: this.#scale,
      domainNumber: timing.domainNumber,
      port,
      announceInterval: 2 ** timing.logAnnounceInterval,
      syncInterval: 2 ** timing.logSyncInterval,
      delayRequestInterval: 2 ** timing.logDelayRequestInterval,
      announceReceiptTimeout: timing.announceReceiptTimeout,
      arbitraryTimescale: config.arbitraryTimescale,
      acceptableAddresses: config.acceptableAddresses,
      acceptableClockIdentity: config.acceptableClockIdentity,
      uncertainty: config.uncertainty,
    };
    // remoteEra survives: the labels after a gap may mean something else than before it.
    this.#data = { ...startReceiver(), remoteEra: this.#data.remoteEra + 1 };
  }

  /** The port is gone. */
  stop(): void {
    this.#machine = null;
  }

  receive(message: PtpMessage, stamp: Stamp | null, address: string, at: Raw, era: number, sink: InstanceSink): void {
    if (this.#machine) this.#take(receiveMessage(this.#machine, this.#data, message, stamp, address, at, era), at, sink);
  }

  stamped(sequenceId: number, stamp: Stamp | null, at: Raw, era: number, sink: InstanceSink): void {
    if (this.#machine) this.#take(stampRequest(this.#machine, this.#data, sequenceId, stamp, era), at, sink);
  }

  tick(at: Raw, random: () => number, sink: InstanceSink): void {
    if (!this.#machine || at < receiverDeadline(this.#data)) return;
    this.#take(tickReceiver(this.#machine, this.#data, at, random()), at, sink);
  }

  deadline(): Raw {
    return this.#machine ? receiverDeadline(this.#data) : Number.POSITIVE_INFINITY;
  }

  snapshot(): SourceSnapshot {
    const { parent, state } = this.#data;
    return {
      source: this.config.source,
      portState: state,
      grandmasterIdentity: parent ? formatClockIdentity(parent.body.grandmasterIdentity) : null,
      clockClass: parent?.body.quality.clockClass ?? null,
      currentUtcOffset: parent?.body.currentUtcOffset ?? null,
      currentUtcOffsetValid: this.#data.remote?.taiMinusUtc != null,
      stepsRemoved: parent?.body.stepsRemoved ?? null,
      leap: this.#data.remote?.leap ?? null,
      ntp: null,
    };
  }

  /** How often its labels may have come to mean something else. */
  get remoteEra(): number {
    return this.#data.remoteEra;
  }

  /** Of the grandmaster that is followed; null: none is. */
  get grandmaster(): ClockIdentity | null {
    return this.#data.parent?.body.grandmasterIdentity ?? null;
  }

  link(): LinkConfig {
    const { config, clock } = this;
    const interval = 2 ** config.timing.logSyncInterval;
    return linkOfSource(config, { clock, interval, asymmetryShare: kernelAsymmetryShare, unstampedDelay: 0 });
  }

  #take({ data, outputs }: ReceiverStep, at: Raw, sink: InstanceSink): void {
    const before = this.#data;
    this.#data = data;
    if (data.state !== before.state) sink.emit(this.#stateChange(before, data, at));
    for (const output of outputs) {
      switch (output.kind) {
        case "measure":
          sink.measure(output.measurement);
          break;
        case "request":
          sink.act(this.#delayRequest(output.sequenceId));
          break;
        case "dropped":
          sink.emit({ kind: "PacketDropped", port: this.config.timing.port, reason: output.reason });
          break;
      }
    }
  }

  #stateChange(before: ReceiverData, after: ReceiverData, at: Raw): EngineEvent {
    const reason = after.state === "LISTENING" ? "AnnounceReceiptTimeout" : after.state === "SLAVE" ? "Measured" : "TimeTransmitterChosen";
    return { kind: "PortStateChanged", instance: `ptp/${this.config.source}`, from: before.state, to: after.state, reason, at };
  }

  /** Delay_Req of 9.5.11; originTimestamp 0, as 11.3.2 allows, because the kernel's stamp is what counts. */
  #delayRequest(sequenceId: number): Action {
    const { domainNumber, port } = this.config.timing;
    const source = this.#machine?.port ?? { clockIdentity: 0n, portNumber: 0 };
    const header = { sdoId: 0, minorVersion: 1, domainNumber, flags: 0, correction: 0, source, sequenceId, logInterval: 0x7f };
    const bytes = encodeMessage({ type: "Delay_Req", header, origin: { seconds: 0, nanoseconds: 0 } });
    return { kind: "Send", port, socket: "event", bytes, key: this.index * 0x1_0000 + sequenceId };
  }
}

/** Where an instance's outputs go. */
export interface InstanceSink {
  measure(measurement: Measurement): void;
  act(action: Action): void;
  emit(event: EngineEvent): void;
}
