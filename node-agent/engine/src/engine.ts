/**
 * The engine: HostEvents in, Actions out, nothing else. It routes packets to PTP instances by domainNumber, their measurements
 * to the ensemble, and the ensemble's decisions to the host. Deterministic: `at` comes with every event, randomness is given.
 *
 * The host hands over a batch of events and closes it with `Deadline`: only then are timers looked at and is the clock steered,
 * so that a burst of packets costs one decision.
 */
import type { ClockEnsemble, EnsembleConfig, LinkDescription, Publication } from "./ensemble/contract.js";
import type { Measurement } from "./ensemble/measurement.js";
import type { EngineConfig, ReceiverInstanceConfig, TransmitterInstanceConfig } from "./engine-config.js";
import type { Action, EngineEvent, HostEvent, PortId } from "./host.js";
import { publishEverySeconds, publishOwnedReference } from "./owned-reference.js";
import { type PortNeed, type PortState, PortTable } from "./port-table.js";
import { type InstanceSink, ReceiverInstance, type SourceSnapshot } from "./receiver-instance.js";
import type { Raw } from "./time/units.js";
import { TransmitterInstance } from "./transmitter-instance.js";
import { decodeMessage } from "./wire/ptp/decode.js";

/** Exchanges of one instance that may wait together: half of what it keeps open. */
const mostWaiting = 4;

export class Engine {
  readonly #ensemble: ClockEnsemble;
  readonly #random: () => number;
  readonly #ports = new PortTable();
  #config: EngineConfig | null = null;
  #receivers: ReceiverInstance[] = [];
  #transmitters: TransmitterInstance[] = [];
  #nextIndex = 1;
  #era = 0;
  #nextOwnPublication: Raw = Number.POSITIVE_INFINITY;
  #published: Publication | null = null;
  /** The ensemble was told something since it last decided. */
  #news = true;
  #out: Action[] = [];
  readonly #sink: InstanceSink = {
    measure: (measurement: Measurement) => {
      this.#news = true;
      this.#ensemble.observe(measurement);
    },
    act: (action: Action) => void this.#out.push(action),
    emit: (event: EngineEvent) => void this.#out.push({ kind: "Emit", event }),
  };

  /** @param random uniform in [0, 1): spreads Delay_Reqs (IEEE 1588-2019 9.5.11.2). */
  constructor(ensemble: ClockEnsemble, random: () => number) {
    this.#ensemble = ensemble;
    this.#random = random;
  }

  /** Desired state, live: what did not change keeps running with all it has learnt. */
  configure(config: EngineConfig, at: Raw): readonly Action[] {
    this.#config = config;
    const out = this.#begin();
    const keptReceivers = this.#receivers.filter(
      (instance) => config.receivers.some((wanted) => same(wanted, instance.config)) && instance.clock === config.clock,
    );
    const keptTransmitters = this.#transmitters.filter((instance) => config.transmitters.some((wanted) => same(wanted, instance.config)));
    for (const instance of this.#transmitters) if (!keptTransmitters.includes(instance)) instance.stop(out);
    this.#receivers = config.receivers.map(
      (wanted) => keptReceivers.find((kept) => same(wanted, kept.config)) ?? new ReceiverInstance(wanted, config, this.#takeIndex()),
    );
    this.#transmitters = config.transmitters.map(
      (wanted) => keptTransmitters.find((kept) => same(wanted, kept.config)) ?? new TransmitterInstance(wanted, config),
    );
    this.#ports.configure(portNeeds(config), out);
    for (const [port, state] of this.#ports.entries())
      if (state.identity !== null)
        this.#startOn(
          port,
          at,
          (instance) =>
            !keptReceivers.includes(instance as ReceiverInstance) && !keptTransmitters.includes(instance as TransmitterInstance),
        );
    this.#ensemble.configure(this.#ensembleConfig(config), at);
    this.#news = true;
    this.#nextOwnPublication = config.receivers.length === 0 ? at : Number.POSITIVE_INFINITY;
    this.#decide(at);
    return out;
  }

  /** One event. @returns what to do, in order; valid until the next call. */
  handle(event: HostEvent): readonly Action[] {
    const out = this.#begin();
    switch (event.kind) {
      case "PacketReceived":
        this.#receive(event);
        break;
      case "TransmitStamped":
        this.#receiverOfKey(event.key)?.stamped(event.key & 0xffff, event.stamp, event.stamp.raw, this.#era, this.#sink);
        break;
      case "TransmitMissing":
        this.#receiverOfKey(event.key)?.stamped(event.key & 0xffff, null, 0, this.#era, this.#sink);
        break;
      case "Exchange":
        for (const measurement of event.measurements) this.#sink.measure(measurement);
        break;
      case "FrequencyApplied":
        this.#era = event.era;
        this.#news = true;
        this.#ensemble.steered({ clock: event.clock, raw: event.notAfter, steering: event.steering, frequency: event.ppb, era: event.era });
        break;
      case "Stepped":
        this.#era = event.era;
        break;
      case "PortReady":
        this.#ports.ready(event.port, event.hardwareAddress);
        this.#startOn(event.port, event.at, () => true);
        break;
      case "PortLost":
        this.#stopOn(event.port, out);
        this.#ports.lost(event.port, event.code, event.at);
        break;
      case "Deadline":
        this.#tick(event.at, out);
        break;
    }
    return out;
  }

  /** Raw time of the next Deadline event that the engine needs. */
  deadline(): Raw {
    let earliest = Math.min(this.#ports.deadline(), this.#nextOwnPublication);
    if (this.#receivers.length > 0) earliest = Math.min(earliest, this.#ensemble.deadline());
    for (const instance of this.#receivers) earliest = Math.min(earliest, instance.deadline());
    for (const instance of this.#transmitters) earliest = Math.min(earliest, instance.deadline());
    return earliest;
  }

  /**
   * How long packets may wait in the sockets, s; 0: not at all. They are stamped when they come, and what follows from them is not
   * decided more often: a wake-up for several costs little more than one for each. Requests of others are answered at once.
   */
  patience(): number {
    if (this.#receivers.length === 0 || this.#transmitters.length > 0) return 0;
    let patience = this.#ensemble.patience();
    for (const { config } of this.#receivers) {
      const { logSyncInterval, logDelayRequestInterval } = config.timing;
      patience = Math.min(patience, mostWaiting * 2 ** Math.min(logSyncInterval, logDelayRequestInterval));
    }
    return patience;
  }

  /** What each source last announced, for reports. */
  sources(): readonly SourceSnapshot[] {
    return this.#receivers.map((instance) => instance.snapshot());
  }

  /** What is known of each source's link as of `at`, for people who ask. */
  links(at: Raw): readonly LinkDescription[] {
    return this.#receivers.length === 0 ? [] : this.#ensemble.describeLinks(at);
  }

  /** State of the ports by name: for the Applied answer, readiness and metrics. */
  ports(): Iterable<[PortId, PortState]> {
    return this.#ports.entries();
  }

  #begin(): Action[] {
    this.#out = [];
    return this.#out;
  }

  #takeIndex(): number {
    const index = this.#nextIndex;
    this.#nextIndex = index >= 0xffff ? 1 : index + 1;
    return index;
  }

  #receive(event: Extract<HostEvent, { kind: "PacketReceived" }>): void {
    const decoded = decodeMessage(event.bytes);
    if (decoded.kind === "dropped") return this.#drop(event.port, decoded.reason);
    const { message } = decoded;
    const { domainNumber, sdoId } = message.header;
    if (sdoId !== 0) return this.#drop(event.port, "sdo-id"); // 7.1.4: another profile's instances
    let known = false;
    for (const instance of this.#receivers) {
      if (instance.config.timing.domainNumber !== domainNumber || instance.config.timing.port !== event.port) continue;
      known = true;
      instance.receive(message, event.stamp, event.source, event.at, this.#era, this.#sink);
    }
    for (const instance of this.#transmitters) {
      if (instance.config.timing.domainNumber !== domainNumber || instance.config.timing.port !== event.port) continue;
      known = true;
      instance.answer(message, event.stamp, this.#out);
    }
    if (!known) this.#drop(event.port, "domain");
  }

  #drop(port: PortId, reason: string): void {
    this.#out.push({ kind: "Emit", event: { kind: "PacketDropped", port, reason } });
  }

  #receiverOfKey(key: number): ReceiverInstance | undefined {
    const index = Math.floor(key / 0x1_0000);
    return this.#receivers.find((instance) => instance.index === index);
  }

  /** Instances of one interface and domainNumber are told apart by portNumber (7.5.2.3). */
  #startOn(port: PortId, at: Raw, which: (instance: ReceiverInstance | TransmitterInstance) => boolean): void {
    const clockIdentity = this.#ports.get(port)?.identity ?? null;
    if (clockIdentity === null) return;
    const used = new Map<number, number>();
    for (const instance of [...this.#transmitters, ...this.#receivers]) {
      const { timing } = instance.config;
      if (timing.port !== port) continue;
      const portNumber = (used.get(timing.domainNumber) ?? 0) + 1;
      used.set(timing.domainNumber, portNumber);
      if (!which(instance)) continue;
      if (instance instanceof TransmitterInstance) instance.start({ clockIdentity, portNumber }, at, this.#out);
      else instance.start({ clockIdentity, portNumber });
    }
  }

  #stopOn(port: PortId, out: Action[]): void {
    for (const instance of this.#receivers) if (instance.config.timing.port === port) instance.stop();
    for (const instance of this.#transmitters) if (instance.config.timing.port === port) instance.stop(out);
  }

  #tick(at: Raw, out: Action[]): void {
    this.#ports.retry(at, out);
    for (const instance of this.#receivers) instance.tick(at, this.#random, this.#sink);
    for (const instance of this.#transmitters) instance.tick(at, out);
    this.#decide(at);
  }

  #decide(at: Raw): void {
    const config = this.#config;
    if (!config) return;
    if (config.receivers.length === 0) return this.#publishOwned(config, at);
    // A tick that only sends a request decides nothing.
    if (!this.#news && at < this.#ensemble.deadline()) return;
    this.#news = false;
    const { commands, steps, publication } = this.#ensemble.advance(at);
    for (const { clock, by } of steps) this.#out.push({ kind: "Step", clock, by });
    for (const command of commands) this.#out.push({ kind: "SetFrequency", command });
    if (publication) this.#publish(publication);
  }

  #publishOwned(config: EngineConfig, at: Raw): void {
    if (at < this.#nextOwnPublication) return;
    this.#nextOwnPublication = at + publishEverySeconds;
    const serving = this.#transmitters.some((instance) => instance.serving);
    this.#publish(publishOwnedReference(config, serving, at, this.#era));
  }

  #publish(publication: Publication): void {
    const before = this.#published;
    const { clock, raw: at, state, reason, selected } = publication;
    this.#published = publication;
    const from = before?.state ?? "Unknown";
    if (from !== state) this.#sink.emit({ kind: "StateChanged", clock, from, to: state, reason, at });
    if ((before?.selected ?? null) !== selected)
      this.#sink.emit({ kind: "SourceChanged", clock, from: before?.selected ?? null, to: selected, at });
    this.#out.push({ kind: "Publish", publication });
  }

  #ensembleConfig(config: EngineConfig): EnsembleConfig {
    const { clock, steer, step, maxSlew, maxDrift } = config;
    const links = this.#receivers.map((instance) => instance.link());
    return { clock, links, steer: steer && links.length > 0, step, maxSlew, maxDrift };
  }
}

/** What each interface must offer; a timeTransmitter's reference stamps the port that it serves on. */
function portNeeds(config: EngineConfig): Map<PortId, PortNeed> {
  const needs = new Map<PortId, PortNeed>();
  for (const { timing } of config.receivers) needs.set(timing.port, { clock: config.clock, dscp: timing.dscp, answersRequests: false });
  for (const { timing, clock } of config.transmitters) needs.set(timing.port, { clock, dscp: timing.dscp, answersRequests: true });
  return needs;
}

/** Deep equality of two configurations: plain data of the same shape. */
function same(a: ReceiverInstanceConfig | TransmitterInstanceConfig, b: ReceiverInstanceConfig | TransmitterInstanceConfig): boolean {
  return fingerprint(a) === fingerprint(b);
}

const fingerprint = (config: object): string =>
  JSON.stringify(config, (_key, value: unknown) => (typeof value === "bigint" ? value.toString(16) : value));
