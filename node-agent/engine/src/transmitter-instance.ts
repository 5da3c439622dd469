/** One timeTransmitter instance inside the engine: Announce and Delay_Resp here, Sync and Follow_Up as a program of the host. */
import type { EngineConfig, TransmitterInstanceConfig } from "./engine-config.js";
import type { ClockStability } from "./ensemble/contract.js";
import type { ClockId } from "./ensemble/measurement.js";
import type { Action, Stamp } from "./host.js";
import { AnnouncedVariance } from "./ptp/announced-variance.js";
import {
  answerDelayRequest,
  startTransmitter,
  syncTemplates,
  tickTransmitter,
  type TimeTransmitterConfig,
  type TransmitterData,
  transmitterDeadline,
} from "./ptp/time-transmitter.js";
import type { Raw } from "./time/units.js";
import type { PortIdentity } from "./wire/ptp/identity.js";
import type { PtpMessage } from "./wire/ptp/message.js";

export class TransmitterInstance {
  readonly config: TransmitterInstanceConfig;
  readonly #scale: "UTC" | "TAI";
  readonly #variance = new AnnouncedVariance();
  #machine: TimeTransmitterConfig | null = null;
  #data: TransmitterData = startTransmitter(0);

  constructor(config: TransmitterInstanceConfig, engine: Pick<EngineConfig, "clockScale">) {
    this.config = config;
    this.#scale = engine.clockScale;
  }

  get serving(): boolean {
    return this.#machine !== null;
  }

  start(port: PortIdentity, at: Raw, out: Action[]): void {
    const { timing, ...config } = this.config;
    this.#machine = { ...config, ...timing, clockScale: this.#scale, port };
    this.#data = startTransmitter(at);
    out.push({ kind: "ProgramSync", port: timing.port, instance: this.#instance, program: syncTemplates(this.#machine) });
  }

  /** Ends the Sync program as well. */
  stop(out: Action[]): void {
    if (!this.#machine) return;
    this.#machine = null;
    out.push({ kind: "ProgramSync", port: this.config.timing.port, instance: this.#instance, program: null });
  }

  answer(message: PtpMessage, stamp: Stamp | null, out: Action[]): void {
    const bytes = this.#machine && answerDelayRequest(this.#machine, message, stamp);
    if (bytes) out.push({ kind: "Send", port: this.config.timing.port, socket: "general", bytes, key: 0 });
  }

  /** @param stabilityOf what is known of a clock; null: nothing measures it */
  tick(at: Raw, stabilityOf: (clock: ClockId) => ClockStability | null, out: Action[]): void {
    if (!this.#machine || at < transmitterDeadline(this.#data)) return;
    const { clock, logSyncInterval } = this.#machine;
    const variance = this.#variance.at(at, 2 ** logSyncInterval, () => stabilityOf(clock));
    const { data, announce } = tickTransmitter(this.#machine, this.#data, at, variance);
    this.#data = data;
    if (announce) out.push({ kind: "Send", port: this.config.timing.port, socket: "general", bytes: announce, key: 0 });
  }

  deadline(): Raw {
    return this.#machine ? transmitterDeadline(this.#data) : Number.POSITIVE_INFINITY;
  }

  get #instance(): string {
    return `serve/${this.config.grandmaster}`;
  }
}
