/** All PTP instances of a node: which there are, the ports that they share, and whose a message is. */
import type { EngineConfig } from "./engine-config.js";
import type { Action, HostEvent, PortId } from "./host.js";
import { type PortNeed, type PortState, PortTable } from "./port-table.js";
import { type InstanceSink, ReceiverInstance } from "./receiver-instance.js";
import { sameConfig } from "./same-config.js";
import type { Raw } from "./time/units.js";
import { type ServedClocks, TransmitterInstance } from "./transmitter-instance.js";
import { decodeMessage } from "./wire/ptp/decode.js";

type Of<Kind extends HostEvent["kind"]> = Extract<HostEvent, { kind: Kind }>;

export class PtpInstances {
  readonly #ports = new PortTable();
  #receivers: readonly ReceiverInstance[] = [];
  #transmitters: readonly TransmitterInstance[] = [];

  get receivers(): readonly ReceiverInstance[] {
    return this.#receivers;
  }

  get transmitters(): readonly TransmitterInstance[] {
    return this.#transmitters;
  }

  /** State of the ports by name. */
  ports(): Iterable<[PortId, PortState]> {
    return this.#ports.entries();
  }

  /** Desired state, live: what did not change keeps running with all it has learnt. */
  configure(config: EngineConfig, at: Raw, takeIndex: () => number, out: Action[]): void {
    const receiversBefore = this.#receivers;
    const transmittersBefore = this.#transmitters;
    this.#receivers = config.receivers.map((wanted) => {
      const before = receiversBefore.find(({ config: { source } }) => source === wanted.source);
      const kept = before && sameConfig(wanted, before.config) && before.clock === config.clock;
      return kept ? before : new ReceiverInstance(wanted, config, takeIndex(), before?.remoteEra);
    });
    this.#transmitters = config.transmitters.map(
      (wanted) => transmittersBefore.find((before) => sameConfig(wanted, before.config)) ?? new TransmitterInstance(wanted, config),
    );
    for (const instance of transmittersBefore) if (!this.#transmitters.includes(instance)) instance.stop(out);
    this.#ports.configure(portNeeds(config), out);
    const before: readonly unknown[] = [...receiversBefore, ...transmittersBefore];
    for (const [port, { identity }] of this.#ports.entries())
      if (identity !== null) this.#startOn(port, at, (instance) => !before.includes(instance), out);
  }

  ready({ port, hardwareAddress, at }: Of<"PortReady">, out: Action[]): void {
    this.#ports.ready(port, hardwareAddress);
    this.#startOn(port, at, () => true, out);
  }

  lost({ port, code, at }: Of<"PortLost">, out: Action[]): void {
    for (const instance of this.#receivers) if (instance.config.timing.port === port) instance.stop();
    for (const instance of this.#transmitters) if (instance.config.timing.port === port) instance.stop(out);
    this.#ports.lost(port, code, at);
  }

  /** @returns true when it concerns a source of this node */
  receive(event: Of<"PacketReceived">, era: number, sink: InstanceSink, out: Action[]): boolean {
    const drop = (reason: string): boolean => {
      sink.emit({ kind: "PacketDropped", port: event.port, reason });
      return false;
    };
    const decoded = decodeMessage(event.bytes);
    if (decoded.kind === "dropped") return drop(decoded.reason);
    const { message } = decoded;
    const { domainNumber, sdoId } = message.header;
    if (sdoId !== 0) return drop("sdo-id"); // 7.1.4: another profile's instances
    let heard = false;
    let known = false;
    for (const instance of this.#receivers) {
      if (instance.config.timing.domainNumber !== domainNumber || instance.config.timing.port !== event.port) continue;
      heard = true;
      instance.receive(message, event.stamp, event.source, event.at, era, sink);
    }
    for (const instance of this.#transmitters) {
      if (instance.config.timing.domainNumber !== domainNumber || instance.config.timing.port !== event.port) continue;
      known = true;
      instance.answer(message, event.stamp, out);
    }
    return heard || (known ? false : drop("domain"));
  }

  withIndex(index: number): ReceiverInstance | undefined {
    return this.#receivers.find((receiver) => receiver.index === index);
  }

  tick(at: Raw, random: () => number, served: ServedClocks, sink: InstanceSink, out: Action[]): void {
    this.#ports.retry(at, out);
    for (const instance of this.#receivers) instance.tick(at, random, sink);
    for (const instance of this.#transmitters) instance.tick(at, served, out);
  }

  deadline(): Raw {
    let earliest = this.#ports.deadline();
    for (const instance of this.#receivers) earliest = Math.min(earliest, instance.deadline());
    for (const instance of this.#transmitters) earliest = Math.min(earliest, instance.deadline());
    return earliest;
  }

  /** Instances of one interface and domainNumber are told apart by portNumber (7.5.2.3). */
  #startOn(port: PortId, at: Raw, which: (instance: ReceiverInstance | TransmitterInstance) => boolean, out: Action[]): void {
    const clockIdentity = this.#ports.get(port)?.identity ?? null;
    if (clockIdentity === null) return;
    const used = new Map<number, number>();
    for (const instance of [...this.#transmitters, ...this.#receivers]) {
      const { timing } = instance.config;
      if (timing.port !== port) continue;
      const portNumber = (used.get(timing.domainNumber) ?? 0) + 1;
      used.set(timing.domainNumber, portNumber);
      if (!which(instance)) continue;
      if (instance instanceof TransmitterInstance) instance.start({ clockIdentity, portNumber }, at, out);
      else instance.start({ clockIdentity, portNumber });
    }
  }
}

/** What each interface must offer; a timeTransmitter's reference stamps the port that it serves on. */
function portNeeds(config: EngineConfig): Map<PortId, PortNeed> {
  const needs = new Map<PortId, PortNeed>();
  for (const { timing } of config.receivers) needs.set(timing.port, { clock: config.clock, dscp: timing.dscp, answersRequests: false });
  for (const { timing, clock } of config.transmitters) needs.set(timing.port, { clock, dscp: timing.dscp, answersRequests: true });
  return needs;
}
