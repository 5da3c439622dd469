/** One timeTransmitter instance inside the engine: Announce and Delay_Resp here, Sync and Follow_Up as a program of the host. */
import type { EngineConfig, TransmitterInstanceConfig } from "./engine-config.js";
import type { ClockStability } from "./ensemble/contract.js";
import type { ClockId } from "./ensemble/measurement.js";
import type { Action, Stamp } from "./host.js";
import { AnnouncedAccuracy, type KeptTime } from "./ptp/announced-accuracy.js";
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

/** Receivers go by an Announce until the next one, and one or two may be lost. */
const announceIntervals = 3;

/** What the engine knows of the clocks that it serves. */
export interface ServedClocks {
  /** null: nothing measures it. */
  readonly stabilityOf: (clock: ClockId) => ClockStability | null;
  /** Of a clock that is kept by others, at `at`, and its error as it may be `ahead` s later; null: it is its owner's. */
  readonly keptTimeOf: (clock: ClockId, at: Raw, ahead: number) => KeptTime | null;
}

export class TransmitterInstance {
  readonly config: TransmitterInstanceConfig;
  readonly #scale: "UTC" | "TAI";
  readonly #variance = new AnnouncedVariance();
  readonly #accuracy = new AnnouncedAccuracy();
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

  tick(at: Raw, { stabilityOf, keptTimeOf }: ServedClocks, out: Action[]): void {
    if (!this.#machine || at < transmitterDeadline(this.#data)) return;
    const { clock, reference, uncertainty, logSyncInterval, logAnnounceInterval } = this.#machine;
    const variance = this.#variance.at(at, 2 ** logSyncInterval, () => stabilityOf(clock));
    const kept = reference === "FreeRunning" ? null : keptTimeOf(clock, at, announceIntervals * 2 ** logAnnounceInterval);
    const quality = kept === null ? undefined : this.#accuracy.at(at, kept, uncertainty);
    const { data, announce } = tickTransmitter(this.#machine, this.#data, at, variance, quality);
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
